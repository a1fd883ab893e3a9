#include "tools/benchmark/bare_kafka.h"

#include <atomic>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "librdkafka/rdkafka.h"

namespace vigil::benchmark {
namespace {

// A broker that is this silent ends the measurement.
constexpr absl::Duration kSilence = absl::Seconds(60);
constexpr size_t kConsumeBatch = 10'000;
constexpr int kPollMilliseconds = 100;

using Settings = std::map<std::string, std::string>;

absl::StatusOr<rd_kafka_t*> NewClient(
    rd_kafka_type_t type, const eventlog::KafkaConnection& connection,
    Settings settings,
    void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*)) {
  settings["bootstrap.servers"] = connection.bootstrap;
  settings["socket.nagle.disable"] = "true";
  settings["security.protocol"] = "ssl";
  settings["ssl.ca.location"] = connection.ca_file;
  settings["ssl.certificate.location"] = connection.certificate_file;
  settings["ssl.key.location"] = connection.key_file;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char text[512];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text,
                          sizeof text) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(text);
    }
  }
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  rd_kafka_t* client = rd_kafka_new(type, conf, text, sizeof text);
  if (client != nullptr) return client;
  rd_kafka_conf_destroy(conf);
  return absl::UnavailableError(text);
}

absl::Status ToStatus(rd_kafka_resp_err_t error) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("librdkafka: ", rd_kafka_err2str(error)));
}

}  // namespace

struct BareProducer::Client {
  rd_kafka_t* client;
  std::atomic<bool> stopping = false;
  std::thread poller;

  static void Delivered(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    const std::unique_ptr<Done> done(static_cast<Done*>(message->_private));
    (*done)(ToStatus(message->err));
  }
};

absl::StatusOr<std::unique_ptr<BareProducer>> BareProducer::Open(
    const eventlog::KafkaConnection& connection) {
  const auto opened = NewClient(RD_KAFKA_PRODUCER, connection,
                                {{"enable.idempotence", "true"},
                                 {"acks", "all"},
                                 {"linger.ms", "0"},
                                 {"compression.type", "lz4"}},
                                &Client::Delivered);
  if (!opened.ok()) return opened.status();
  auto client = std::make_unique<Client>();
  client->client = *opened;
  client->poller = std::thread([state = client.get()] {
    while (!state->stopping) rd_kafka_poll(state->client, kPollMilliseconds);
  });
  return std::unique_ptr<BareProducer>(new BareProducer(std::move(client)));
}

BareProducer::BareProducer(std::unique_ptr<Client> client)
    : client_(std::move(client)) {}

BareProducer::~BareProducer() {
  client_->stopping = true;
  client_->poller.join();
  rd_kafka_destroy(client_->client);
}

void BareProducer::Produce(const std::string& topic,
                           const eventlog::Record& record, Done done) {
  auto* kept = new Done(std::move(done));
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const eventlog::Header& header : record.headers) {
    rd_kafka_header_add(
        headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
        header.value.data(), static_cast<ssize_t>(header.value.size()));
  }
  rd_kafka_vu_t fields[6] = {};
  fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[0].u.cstr = topic.c_str();
  fields[1].vtype = RD_KAFKA_VTYPE_KEY;
  fields[1].u.mem = {const_cast<char*>(record.key.data()), record.key.size()};
  fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[2].u.mem = {const_cast<char*>(record.value.data()),
                     record.value.size()};
  fields[3].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[3].u.headers = headers;
  fields[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[4].u.i = RD_KAFKA_MSG_F_COPY;
  fields[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[5].u.ptr = kept;
  rd_kafka_error_t* const refused =
      rd_kafka_produceva(client_->client, fields, std::size(fields));
  if (refused == nullptr) return;
  const rd_kafka_resp_err_t error = rd_kafka_error_code(refused);
  rd_kafka_error_destroy(refused);
  rd_kafka_headers_destroy(headers);
  (*kept)(ToStatus(error));
  delete kept;
}

absl::Status BareConsume(const eventlog::KafkaConnection& connection,
                         const std::vector<eventlog::Partition>& partitions,
                         int64_t count) {
  const auto opened =
      NewClient(RD_KAFKA_CONSUMER, connection,
                {{"group.id", "bench"},  // asked for, and never used
                 {"enable.auto.commit", "false"},
                 {"check.crcs", "true"},
                 {"queued.min.messages", "100000"},
                 {"queued.max.messages.kbytes", "65536"}},
                nullptr);
  if (!opened.ok()) return opened.status();
  rd_kafka_t* client = *opened;
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t* from =
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()));
  for (const eventlog::Partition& partition : partitions) {
    rd_kafka_topic_partition_list_add(from, partition.topic.c_str(),
                                      partition.partition)
        ->offset = 0;
  }
  absl::Status status = ToStatus(rd_kafka_assign(client, from));
  rd_kafka_topic_partition_list_destroy(from);

  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  std::vector<rd_kafka_message_t*> batch(kConsumeBatch);
  int64_t read = 0;
  size_t bytes = 0;
  absl::Time heard = absl::Now();
  while (status.ok() && read < count) {
    const ssize_t got = rd_kafka_consume_batch_queue(
        queue, kPollMilliseconds, batch.data(), batch.size());
    if (got > 0) heard = absl::Now();
    for (ssize_t i = 0; i < got; ++i) {
      rd_kafka_message_t* message = batch[static_cast<size_t>(i)];
      status.Update(ToStatus(message->err));
      bytes += message->len;
      ++read;
      rd_kafka_message_destroy(message);
    }
    if (absl::Now() - heard > kSilence) {
      status = absl::UnavailableError(
          absl::StrCat("Kafka fell silent after ", read, " records"));
    }
  }
  if (status.ok() && bytes == 0) status = absl::DataLossError("empty records");
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return status;
}

}  // namespace vigil::benchmark
