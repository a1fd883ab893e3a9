import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import com.google.protobuf.WireFormat;
import com.google.protobuf.util.JsonFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Agrees with Vigil's vectors, as a client in Java would.
 *
 * <p>usage: Vectors DESCRIPTOR_SET VECTORS_FOLDER
 *
 * <p>The canonical encoding is walked here by field number, as libs/event/digest.h says it, and
 * not left to the library's deterministic mode.
 */
public final class Vectors {
  // Namespaces of Vigil's UUIDs.
  static final String EVENT = "0d7c9b4e6f1a4a579c2b5a3e8e1f7d60";
  static final String CONVERSATION = "b8c1f6a23e544d098a771c9d0e2b6f43";

  static int checked = 0;
  static int wrong = 0;

  public static void main(String[] args) throws Exception {
    Map<String, Descriptor> types = types(Path.of(args[0]));
    String text = Files.readString(Path.of(args[1], "digests.json"));
    for (JsonElement element :
        JsonParser.parseString(text).getAsJsonObject().getAsJsonArray("digests")) {
      JsonObject vector = element.getAsJsonObject();
      DynamicMessage.Builder builder =
          DynamicMessage.newBuilder(types.get(vector.get("message").getAsString()));
      JsonFormat.parser().merge(vector.get("request").toString(), builder);
      Message message = builder.build();
      if (vector.has("inner")) {
        String inner = vector.get("inner").getAsString();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
          if (field.getJsonName().equals(inner)) {
            message = (Message) message.getField(field);
            break;
          }
        }
      }
      expect(vector, "digest", digest(message));
    }
    names(JsonParser.parseString(Files.readString(Path.of(args[1], "ids.json"))).getAsJsonObject());
    System.out.println(checked + " vectors, " + wrong + " wrong");
    System.exit(wrong > 0 || checked < 40 ? 1 : 0);
  }

  static void expect(JsonObject vector, String field, String actual) {
    ++checked;
    if (!actual.equals(vector.get(field).getAsString())) {
      ++wrong;
      System.out.println(vector + ": " + actual);
    }
  }

  /** What libs/event/reference.h derives. */
  static void names(JsonObject ids) throws Exception {
    JsonObject key = ids.getAsJsonObject("naming_key");
    String id = key.get("id").getAsString();
    byte[] secret = HexFormat.of().parseHex(key.get("secret").getAsString());
    expect(key, "check", mac(secret, parts("vigil naming key check", id)));
    for (JsonObject v : list(ids, "organisations")) {
      String organisation = String.join(":", texts(v, "scheme", "code"));
      expect(v, "text", organisation);
      expect(v, "source", "//vigil/" + v.get("writer").getAsString() + "/" + organisation);
    }
    for (JsonObject v : list(ids, "event_ids")) {
      expect(v, "event_id", uuid5(EVENT, parts(
          texts(v, "source", "system", "request_id", "subject", "type", "ordinal"))));
    }
    for (JsonObject v : list(ids, "conversation_refs")) {
      expect(v, "conversation_ref", uuid5(CONVERSATION, parts(
          texts(v, "source", "system", "request_id"))));
    }
    for (JsonObject v : list(ids, "subjects")) {
      expect(v, "subject", subject(id, secret, "local id",
          texts(v, "kind", "organisation", "system", "local_id")));
    }
    for (JsonObject v : list(ids, "persons_of_records")) {
      expect(v, "subject", subject(id, secret, "person of a record",
          texts(v, "kind", "organisation", "record_system", "record_id", "person_number")));
    }
    for (JsonObject v : list(ids, "requests")) {
      expect(v, "request_key", mac(secret, parts(texts(v, "source", "system", "request_id"))));
      expect(v, "request_digest",
          mac(secret, HexFormat.of().parseHex(v.get("digest").getAsString())));
    }
  }

  static List<JsonObject> list(JsonObject ids, String name) {
    List<JsonObject> vectors = new ArrayList<>();
    ids.getAsJsonArray(name).forEach(vector -> vectors.add(vector.getAsJsonObject()));
    return vectors;
  }

  static String[] texts(JsonObject vector, String... fields) {
    return Stream.of(fields).map(f -> vector.get(f).getAsString()).toArray(String[]::new);
  }

  /** Of each text its length, in four bytes, and its bytes. */
  static byte[] parts(String... texts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      out.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
      out.writeBytes(bytes);
    }
    return out.toByteArray();
  }

  /** The first of {@code named} is the kind. */
  static String subject(String keyId, byte[] secret, String domain, String... named)
      throws Exception {
    byte[] parts = parts(Stream.concat(Stream.of(domain), Stream.of(named)).toArray(String[]::new));
    return "s1." + named[0] + "." + keyId + "." + mac(secret, parts);
  }

  static String mac(byte[] secret, byte[] data) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret, "HmacSHA256"));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(mac.doFinal(data));
  }

  static String uuid5(String namespace, byte[] name) throws Exception {
    MessageDigest hash = MessageDigest.getInstance("SHA-1");
    hash.update(HexFormat.of().parseHex(namespace));
    ByteBuffer id = ByteBuffer.wrap(hash.digest(name));
    return new UUID(id.getLong() & ~0xf000L | 0x5000L, id.getLong() << 2 >>> 2 | 1L << 63)
        .toString();
  }

  static String digest(Message message) throws Exception {
    MessageDigest hash = MessageDigest.getInstance("SHA-256");
    hash.update(
        message.getDescriptorForType().getFullName().getBytes(StandardCharsets.UTF_8));
    hash.update((byte) 0);
    hash.update(canonical(message));
    return HexFormat.of().formatHex(hash.digest());
  }

  static byte[] canonical(Message message) throws IOException {
    List<FieldDescriptor> fields =
        new ArrayList<>(message.getDescriptorForType().getFields());
    fields.sort(Comparator.comparingInt(FieldDescriptor::getNumber));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (FieldDescriptor field : fields) {
      if (field.getName().equals("validate_only")) {
        continue;
      }
      if (field.isRepeated()) {
        List<?> values = (List<?>) message.getField(field);
        if (field.isPackable() && !values.isEmpty()) {
          ByteArrayOutputStream packed = new ByteArrayOutputStream();
          CodedOutputStream numbers = CodedOutputStream.newInstance(packed);
          for (Object value : values) {
            writeNumber(numbers, field, value);
          }
          numbers.flush();
          out.writeTag(field.getNumber(), WireFormat.WIRETYPE_LENGTH_DELIMITED);
          out.writeByteArrayNoTag(packed.toByteArray());
        } else {
          for (Object value : values) {
            write(out, field, value);
          }
        }
      } else if (field.hasPresence()
          ? message.hasField(field)
          : !message.getField(field).equals(field.getDefaultValue())) {
        write(out, field, message.getField(field));
      }
    }
    out.flush();
    return bytes.toByteArray();
  }

  static void write(CodedOutputStream out, FieldDescriptor field, Object value)
      throws IOException {
    out.writeTag(field.getNumber(), field.getLiteType().getWireType());
    switch (field.getType()) {
      case MESSAGE -> out.writeByteArrayNoTag(canonical((Message) value));
      case STRING -> out.writeStringNoTag((String) value);
      case BYTES -> out.writeBytesNoTag((ByteString) value);
      default -> writeNumber(out, field, value);
    }
  }

  static void writeNumber(CodedOutputStream out, FieldDescriptor field, Object value)
      throws IOException {
    switch (field.getType()) {
      case INT32 -> out.writeInt32NoTag((Integer) value);
      case INT64 -> out.writeInt64NoTag((Long) value);
      case UINT32 -> out.writeUInt32NoTag((Integer) value);
      case UINT64 -> out.writeUInt64NoTag((Long) value);
      case SINT32 -> out.writeSInt32NoTag((Integer) value);
      case SINT64 -> out.writeSInt64NoTag((Long) value);
      case FIXED32 -> out.writeFixed32NoTag((Integer) value);
      case FIXED64 -> out.writeFixed64NoTag((Long) value);
      case SFIXED32 -> out.writeSFixed32NoTag((Integer) value);
      case SFIXED64 -> out.writeSFixed64NoTag((Long) value);
      case BOOL -> out.writeBoolNoTag((Boolean) value);
      case ENUM -> out.writeEnumNoTag(((EnumValueDescriptor) value).getNumber());
      default -> throw new IOException(field.getFullName() + " has no canonical encoding");
    }
  }

  static Map<String, Descriptor> types(Path descriptorSet) throws Exception {
    Map<String, FileDescriptor> files = new HashMap<>();
    Map<String, Descriptor> types = new HashMap<>();
    // The set lists each file after those that it imports.
    for (FileDescriptorProto proto :
        FileDescriptorSet.parseFrom(Files.readAllBytes(descriptorSet)).getFileList()) {
      FileDescriptor[] imports =
          proto.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
      FileDescriptor file = FileDescriptor.buildFrom(proto, imports);
      files.put(proto.getName(), file);
      for (Descriptor type : file.getMessageTypes()) {
        types.put(type.getFullName(), type);
      }
    }
    return types;
  }
}
