import com.google.gson.JsonArray;
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
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Agrees with Vigil's vectors, as a client in Java would.
 *
 * <p>usage: Vectors DESCRIPTOR_SET WIRE_FOLDER
 *
 * <p>The canonical encoding is walked here by field number, as libs/event/digest.h says it, and
 * not left to the library's deterministic mode.
 */
public final class Vectors {
  /** Of Vigil's UUIDs. */
  static final String NAMESPACE = "0d7c9b4e6f1a4a579c2b5a3e8e1f7d60";

  static final Pattern REFERENCE =
      Pattern.compile(
          "s1\\.[phn]\\.[0-9a-f]{8}\\.[A-Za-z0-9_-]{43}\\.[A-Za-z0-9_-]{4}");

  static int checked = 0;
  static int wrong = 0;

  public static void main(String[] args) throws Exception {
    Map<String, Descriptor> types = types(Path.of(args[0]));
    Path wire = Path.of(args[1]);
    JsonObject digests = read(wire.resolve("vectors/digests.json"));
    for (JsonObject vector : list(digests, "messages")) {
      Descriptor type = types.get(vector.get("message").getAsString());
      expect(vector, "digest", hex(digest(parsed(type, vector.get("value")))));
    }
    Descriptor statement = types.get("vigil.common.v1.Statement");
    for (JsonObject vector : list(digests, "statements")) {
      expectStatement(vector, parsed(statement, vector.get("statement")));
    }
    Path golden = wire.resolve("golden");
    List<Path> paths;
    try (Stream<Path> found = Files.walk(golden)) {
      paths = found.filter(path -> path.toString().endsWith(".json")).toList();
    }
    for (Path path : paths) {
      JsonObject vector = read(path);
      Path example = wire.resolve("examples").resolve(golden.relativize(path));
      if (vector.has("digest") && Files.exists(example)) {
        expectStatement(vector, parsed(statement, read(example)));
      }
    }
    names(read(wire.resolve("vectors/ids.json")));
    System.out.println(checked + " vectors, " + wrong + " wrong");
    System.exit(wrong > 0 || checked < 300 ? 1 : 0);
  }

  static JsonObject read(Path path) throws IOException {
    return JsonParser.parseString(Files.readString(path)).getAsJsonObject();
  }

  static Message parsed(Descriptor type, JsonElement value) throws Exception {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(type);
    JsonFormat.parser().merge(value.toString(), builder);
    return builder.build();
  }

  static void expect(JsonObject vector, String field, String actual) {
    ++checked;
    if (!actual.equals(vector.get(field).getAsString())) {
      ++wrong;
      System.out.println(vector + ": " + actual);
    }
  }

  static void expectStatement(JsonObject vector, Message statement) throws Exception {
    JsonArray parts = partsOf(statement);
    ++checked;
    if (!parts.equals(vector.get("parts"))) {
      ++wrong;
      System.out.println(vector + ": " + parts);
    }
    expect(vector, "digest", requestDigest(parts));
  }

  /** What libs/event/reference.h derives. */
  static void names(JsonObject ids) throws Exception {
    JsonObject key = ids.getAsJsonObject("naming_key");
    String id = key.get("id").getAsString();
    byte[] secret = HexFormat.of().parseHex(key.get("secret").getAsString());
    expect(key, "check", mac(secret, join("vigil naming key check", id)));
    for (JsonObject v : list(ids, "organisations")) {
      String organisation = String.join(":", texts(v, "scheme", "code"));
      expect(v, "text", organisation);
      expect(v, "source", "//vigil/" + v.get("writer").getAsString() + "/" + organisation);
    }
    for (JsonObject v : list(ids, "event_ids")) {
      expect(v, "event_id", uuid5(join(
          texts(v, "source", "system", "request_id", "subject", "type", "ordinal"))));
    }
    for (JsonObject v : list(ids, "conversation_refs")) {
      expect(v, "conversation_ref", uuid5(
          join(with("conversation", texts(v, "source", "system", "request_id")))));
    }
    for (JsonObject v : list(ids, "subjects")) {
      String kind = v.get("kind").getAsString();
      expect(v, "subject", subject(id, secret, kind.substring(0, 1), kind,
          texts(v, "organisation", "system", "local_id")));
    }
    for (JsonObject v : list(ids, "numbered")) {
      expect(v, "subject", subject(id, secret, "n",
          v.get("kind").getAsString() + " in a record",
          texts(v, "organisation", "record_system", "record_id", "number")));
    }
    for (JsonObject v : list(ids, "references")) {
      expect(v, "valid", String.valueOf(isReference(v.get("text").getAsString())));
    }
    for (JsonObject v : list(ids, "requests")) {
      expect(v, "request_key",
          mac(secret, join(with("request", texts(v, "source", "system", "request_id")))));
      byte[] digest = HexFormat.of().parseHex(v.get("digest").getAsString());
      ByteArrayOutputStream named = new ByteArrayOutputStream();
      named.writeBytes(join("digest"));
      named.writeBytes(ByteBuffer.allocate(4).putInt(digest.length).array());
      named.writeBytes(digest);
      expect(v, "request_digest", mac(secret, named.toByteArray()));
    }
    for (JsonObject v : list(ids, "records")) {
      expect(v, "record",
          mac(secret, join(with("record", texts(v, "organisation", "system", "id")))));
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

  static String[] with(String first, String... others) {
    return Stream.concat(Stream.of(first), Stream.of(others)).toArray(String[]::new);
  }

  /** What every name is derived from: of each text its length, in four bytes, and its bytes. */
  static byte[] join(String... texts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      out.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
      out.writeBytes(bytes);
    }
    return out.toByteArray();
  }

  static String subject(String keyId, byte[] secret, String letter, String use, String... named)
      throws Exception {
    String text = "s1." + letter + "." + keyId + "." + mac(secret, join(with(use, named)));
    return text + "." + checkOf(text);
  }

  /** What a subject reference ends with: of the text before it. */
  static String checkOf(String text) throws Exception {
    byte[] hash = sha256().digest(text.getBytes(StandardCharsets.UTF_8));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, 3));
  }

  static boolean isReference(String text) throws Exception {
    return REFERENCE.matcher(text).matches()
        && checkOf(text.substring(0, text.length() - 5)).equals(text.substring(text.length() - 4));
  }

  static MessageDigest sha256() throws Exception {
    return MessageDigest.getInstance("SHA-256");
  }

  static String mac(byte[] secret, byte[] data) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret, "HmacSHA256"));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(mac.doFinal(data));
  }

  static String uuid5(byte[] name) throws Exception {
    MessageDigest hash = MessageDigest.getInstance("SHA-1");
    hash.update(HexFormat.of().parseHex(NAMESPACE));
    ByteBuffer id = ByteBuffer.wrap(hash.digest(name));
    return new UUID(id.getLong() & ~0xf000L | 0x5000L, id.getLong() << 2 >>> 2 | 1L << 63)
        .toString();
  }

  static byte[] digest(Message message) throws Exception {
    MessageDigest hash = sha256();
    hash.update(
        message.getDescriptorForType().getFullName().getBytes(StandardCharsets.UTF_8));
    hash.update((byte) 0);
    return hash.digest(canonical(message));
  }

  static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /** Of each part its field's number, its place in a list, and its digest. */
  static JsonArray partsOf(Message statement) throws Exception {
    JsonArray parts = new JsonArray();
    for (FieldDescriptor field : inOrder(statement)) {
      if (field.getName().equals("validate_only")) {
        continue;
      }
      List<Message> messages = new ArrayList<>();
      if (field.isRepeated()) {
        for (Object message : (List<?>) statement.getField(field)) {
          messages.add((Message) message);
        }
      } else if (statement.hasField(field)) {
        messages.add((Message) statement.getField(field));
      }
      for (int i = 0; i < messages.size(); ++i) {
        JsonObject part = new JsonObject();
        part.addProperty("field", field.getNumber());
        part.addProperty("index", i);
        part.addProperty("digest", hex(digest(messages.get(i))));
        parts.add(part);
      }
    }
    return parts;
  }

  static String requestDigest(JsonArray parts) throws Exception {
    MessageDigest hash = sha256();
    for (JsonElement element : parts) {
      JsonObject part = element.getAsJsonObject();
      hash.update(ByteBuffer.allocate(4).putInt(part.get("field").getAsInt()).array());
      hash.update(HexFormat.of().parseHex(part.get("digest").getAsString()));
    }
    return hex(hash.digest());
  }

  static List<FieldDescriptor> inOrder(Message message) {
    List<FieldDescriptor> fields =
        new ArrayList<>(message.getDescriptorForType().getFields());
    fields.sort(Comparator.comparingInt(FieldDescriptor::getNumber));
    return fields;
  }

  static byte[] canonical(Message message) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (FieldDescriptor field : inOrder(message)) {
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
        add(type, types);
      }
    }
    return types;
  }

  static void add(Descriptor type, Map<String, Descriptor> types) {
    types.put(type.getFullName(), type);
    for (Descriptor nested : type.getNestedTypes()) {
      add(nested, types);
    }
  }
}
