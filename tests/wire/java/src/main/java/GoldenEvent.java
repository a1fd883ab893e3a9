import com.google.protobuf.CodedInputStream;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.protobuf.ProtobufFormat;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.Objects;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * Reads an event as it lies in Vigil's log with the CloudEvents SDK, which knows nothing of
 * Vigil: from its bytes, and as the Kafka consumer of any Java service would.
 *
 * <p>usage: GoldenEvent EVENT_FILE
 */
public final class GoldenEvent {
  public static void main(String[] args) throws Exception {
    byte[] value = Files.readAllBytes(Path.of(args[0]));
    check(new ProtobufFormat().deserialize(value));

    RecordHeaders headers = new RecordHeaders();
    headers.add(
        "content-type", ProtobufFormat.PROTO_CONTENT_TYPE.getBytes(StandardCharsets.UTF_8));
    // As Vigil writes it.
    equal("application/cloudevents+protobuf", ProtobufFormat.PROTO_CONTENT_TYPE);
    // A tool may route by these; in structured mode the value is what counts.
    headers.add("ce_id", "another".getBytes(StandardCharsets.UTF_8));
    try (CloudEventDeserializer deserializer = new CloudEventDeserializer()) {
      check(deserializer.deserialize("vigil.police.events.v1", headers, value));
    }
    System.out.println("the golden event is a CloudEvent");
  }

  static void check(CloudEvent event) throws Exception {
    equal("1.0", event.getSpecVersion().toString());
    equal(36, event.getId().length());
    equal("//vigil/police/police:43", event.getSource().toString());
    equal("vigil.event.v1.ConcernRaised", event.getType());
    equal("application/protobuf", event.getDataContentType());
    equal("s1.p.0123abcd." + "A".repeat(43), event.getSubject());
    equal(OffsetDateTime.parse("2026-03-28T10:00:00.250Z"), event.getTime());
    equal(event.getSubject(), event.getExtension("partitionkey"));
    equal("request-key", event.getExtension("requestkey"));
    equal("request-digest", event.getExtension("requestdigest"));
    equal("0", String.valueOf(event.getExtension("requestindex")));
    equal("1", String.valueOf(event.getExtension("requestcount")));
    equal(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        event.getExtension("traceparent"));

    // Sections: field 1 of the data, the first of them PART_HEADER (1) for all.
    CodedInputStream data = CodedInputStream.newInstance(event.getData().toBytes());
    equal(1 << 3 | 2, data.readTag());
    CodedInputStream section = data.readBytes().newCodedInput();
    equal(1 << 3, section.readTag());
    equal(1, section.readEnum());
    equal(2 << 3 | 2, section.readTag());
    equal("standard", section.readString());
  }

  static void equal(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      System.out.println("expected " + expected + ", not " + actual);
      System.exit(1);
    }
  }
}
