import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import vigil.common.v1.Receipt;
import vigil.common.v1.Statement;

/**
 * Says every example to Vigil, as a client in Java would.
 *
 * <p>usage: Client DESCRIPTOR_SET WIRE_FOLDER ADDRESS
 *
 * <p>With what protoc makes of the .proto files, and nothing else of Vigil. All writers' services
 * have the same methods and messages, so that one call serves for all: which service a writer has
 * is in the descriptors of the .proto files. Each good example is answered by the receipt that
 * golden/ holds, and each one in refused/ by its violations.
 */
public final class Client {
  // "police": "vigil.police.v1.PoliceService"
  static final Map<String, String> services = new HashMap<>();
  static ManagedChannel channel;
  static int checked = 0;
  static int wrong = 0;

  public static void main(String[] args) throws Exception {
    FileDescriptorSet files = FileDescriptorSet.parseFrom(Files.readAllBytes(Path.of(args[0])));
    for (FileDescriptorProto file : files.getFileList()) {
      file.getServiceList().stream()
          .filter(
              service ->
                  service.getMethodList().stream()
                      .anyMatch(
                          method -> method.getInputType().equals(".vigil.common.v1.Statement")))
          .forEach(
              service ->
                  services.put(
                      file.getPackage().split("\\.")[1],
                      file.getPackage() + "." + service.getName()));
    }
    Path wire = Path.of(args[1]);
    Path examples = wire.resolve("examples");
    channel = ManagedChannelBuilder.forTarget(args[2]).usePlaintext().build();
    Path[] paths;
    try (Stream<Path> found = Files.walk(examples)) {
      paths = found.filter(path -> path.toString().endsWith(".json")).toArray(Path[]::new);
    }
    for (Path path : paths) {
      Path name = examples.relativize(path);
      JsonObject example = read(path);
      if (name.startsWith("refused")) {
        refused(name.toString(), example);
      } else {
        good(name.toString(), example, read(wire.resolve("golden").resolve(name)));
      }
    }
    channel.shutdownNow();
    System.out.println(checked + " answers, " + wrong + " wrong");
    System.exit(wrong > 0 || checked < 150 ? 1 : 0);
  }

  static void good(String name, JsonObject statement, JsonObject golden) throws Exception {
    Receipt expected = parsed(golden.get("receipt"), Receipt.newBuilder());
    Receipt.Builder receipt = submit(golden.get("writer").getAsString(), statement).toBuilder();
    // Where an event lies in the log is this node's own affair.
    receipt.getEventsBuilderList().forEach(event -> event.clearPosition());
    expect(name, expected, receipt.build());
  }

  static void refused(String name, JsonObject refused) throws Exception {
    TreeSet<String> expected = new TreeSet<>();
    for (JsonElement element : refused.getAsJsonArray("violations")) {
      JsonObject violation = element.getAsJsonObject();
      expected.add(
          violation.get("field").getAsString() + " " + violation.get("code").getAsString());
    }
    TreeSet<String> actual = new TreeSet<>();
    try {
      submit(refused.get("writer").getAsString(), refused.get("statement"));
    } catch (StatusRuntimeException e) {
      expect(name, io.grpc.Status.Code.INVALID_ARGUMENT, e.getStatus().getCode());
      for (Any detail : StatusProto.fromThrowable(e).getDetailsList()) {
        if (detail.is(BadRequest.class)) {
          for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
            actual.add(violation.getField() + " " + violation.getReason());
          }
        }
      }
    }
    expect(name, expected, actual);
  }

  static Receipt submit(String writer, JsonElement statement) throws Exception {
    MethodDescriptor<Statement, Receipt> method =
        MethodDescriptor.<Statement, Receipt>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(MethodDescriptor.generateFullMethodName(services.get(writer), "Submit"))
            .setRequestMarshaller(ProtoUtils.marshaller(Statement.getDefaultInstance()))
            .setResponseMarshaller(ProtoUtils.marshaller(Receipt.getDefaultInstance()))
            .build();
    return ClientCalls.blockingUnaryCall(
        channel,
        method,
        CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS),
        parsed(statement, Statement.newBuilder()));
  }

  static JsonObject read(Path path) throws Exception {
    return JsonParser.parseString(Files.readString(path)).getAsJsonObject();
  }

  @SuppressWarnings("unchecked")
  static <M extends Message> M parsed(JsonElement json, Message.Builder builder)
      throws Exception {
    JsonFormat.parser().merge(json.toString(), builder);
    return (M) builder.build();
  }

  static void expect(String name, Object expected, Object actual) {
    ++checked;
    if (!expected.equals(actual)) {
      ++wrong;
      System.out.println(name + ": expected\n" + expected + "\nnot\n" + actual);
    }
  }
}
