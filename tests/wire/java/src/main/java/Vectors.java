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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Agrees with Vigil's vectors of digests, as a client in Java would.
 *
 * <p>usage: Vectors DESCRIPTOR_SET VECTORS_FOLDER
 *
 * <p>The canonical encoding is walked here by field number, as libs/event/digest.h says it, and
 * not left to the library's deterministic mode.
 */
public final class Vectors {
  public static void main(String[] args) throws Exception {
    Map<String, Descriptor> types = types(Path.of(args[0]));
    int checked = 0;
    int wrong = 0;
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
      String actual = digest(message);
      ++checked;
      if (!actual.equals(vector.get("digest").getAsString())) {
        ++wrong;
        System.out.println(vector.get("name").getAsString() + ": " + actual);
      }
    }
    System.out.println(checked + " vectors, " + wrong + " wrong");
    System.exit(wrong > 0 || checked < 15 ? 1 : 0);
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
