import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.CodedInputStream;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.message.Encoding;
import io.cloudevents.core.message.MessageReader;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.KafkaMessageFactory;
import io.cloudevents.protobuf.ProtobufFormat;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * Reads Vigil's records with the CloudEvents SDK, which knows nothing of Vigil: from their bytes,
 * and as the Kafka consumer of any Java service would.
 *
 * <p>usage: CloudEvents WIRE_FOLDER
 */
public final class CloudEvents {
  public static void main(String[] args) throws Exception {
    List<Path> paths;
    try (Stream<Path> found = Files.walk(Path.of(args[0], "golden"))) {
      paths = found.filter(path -> path.toString().endsWith(".json")).toList();
    }
    int count = 0;
    for (Path path : paths) {
      JsonObject golden = JsonParser.parseString(Files.readString(path)).getAsJsonObject();
      for (JsonElement record : golden.getAsJsonArray("records")) {
        read(record.getAsJsonObject());
        ++count;
      }
    }
    System.out.println(count + " records are CloudEvents in structured mode");
    System.exit(count < 150 ? 1 : 0);
  }

  static void read(JsonObject record) throws Exception {
    byte[] value = Base64.getDecoder().decode(record.get("value").getAsString());
    JsonObject says = record.getAsJsonObject("says");
    check(says, new ProtobufFormat().deserialize(value));

    RecordHeaders headers = new RecordHeaders();
    for (Map.Entry<String, JsonElement> header : record.getAsJsonObject("headers").entrySet()) {
      headers.add(
          header.getKey(), header.getValue().getAsString().getBytes(StandardCharsets.UTF_8));
    }
    MessageReader reader = KafkaMessageFactory.createReader(headers, value);
    equal(Encoding.STRUCTURED, reader.getEncoding());
    try (CloudEventDeserializer deserializer = new CloudEventDeserializer()) {
      check(says, deserializer.deserialize("vigil.police.events.v1", headers, value));
    }
  }

  static void check(JsonObject says, CloudEvent event) throws Exception {
    equal("1.0", event.getSpecVersion().toString());
    equal(text(says, "id"), event.getId());
    equal(text(says, "source"), event.getSource().toString());
    equal(text(says, "type"), event.getType());
    equal("application/protobuf", event.getDataContentType());
    equal("proto:vigil.event.v1.Sections", event.getDataSchema().toString());
    equal(text(says, "subject"), Objects.requireNonNullElse(event.getSubject(), ""));
    equal(OffsetDateTime.parse(text(says, "time")), event.getTime());
    equal(text(says, "partitionkey"), event.getExtension("partitionkey"));
    if (!text(says, "requestkey").isEmpty()) {
      for (String name : List.of("requestkey", "requestdigest", "requestindex", "requestcount")) {
        equal(text(says, name), String.valueOf(event.getExtension(name)));
      }
    }

    // Sections: field 1 of the data, the first of them PART_CLEAR (1) for all.
    CodedInputStream data = CodedInputStream.newInstance(event.getData().toBytes());
    equal(1 << 3 | 2, data.readTag());
    CodedInputStream section = data.readBytes().newCodedInput();
    equal(1 << 3, section.readTag());
    equal(1, section.readEnum());
  }

  static String text(JsonObject object, String field) {
    return object.get(field).getAsString();
  }

  static void equal(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      System.out.println("expected " + expected + ", not " + actual);
      System.exit(1);
    }
  }
}
