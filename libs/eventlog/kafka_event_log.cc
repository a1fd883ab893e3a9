#include "libs/eventlog/kafka_event_log.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "libs/eventlog/in_flight.h"
#include "libs/eventlog/kafka_client.h"
#include "libs/eventlog/partitioner.h"
#include "spdlog/spdlog.h"

namespace vigil::eventlog {
namespace {

// How long a closing log waits for delivery reports.
constexpr absl::Duration kFlushOnClose = absl::Seconds(2);

// How long a new producer may ask for the topics' leaders before it serves: a
// first append to a topic would otherwise wait up to a second for them.
constexpr absl::Duration kWarmUp = absl::Seconds(1);

// The poll thread looks this often whether the log is closing.
constexpr int kPollMillis = 100;

// A producer whose certificate has no right at all ends at once, and so would
// its successors: not more often than this.
constexpr absl::Duration kReplaceAtMostEvery = absl::Seconds(1);

const std::map<std::string, std::string>& ProducerSettings() {
  static const auto* settings = new std::map<std::string, std::string>{
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"max.in.flight.requests.per.connection", "5"},
      {"message.send.max.retries", "2147483647"},
      // Above the 10 s of a request, so that a lost one is repeated, and below
      // the relay_deadline of StoreAndForward.
      {"delivery.timeout.ms", "30000"},
      {"request.timeout.ms", "10000"},
      // A right that was missing and is given works from then on.
      {"topic.metadata.refresh.interval.ms", "10000"},
      {"linger.ms", "0"},
      {"compression.type", "lz4"},
      {"retry.backoff.ms", "100"},
      {"message.max.bytes", kMaxMessageBytes},
      // At least what InFlight admits, which then is the one limit.
      {"queue.buffering.max.messages", "200000"},
      {"queue.buffering.max.kbytes", "131072"},
  };
  return *settings;
}

const std::map<std::string, std::string>& ConsumerSettings() {
  static const auto* settings = new std::map<std::string, std::string>{
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"isolation.level", "read_committed"},
      {"check.crcs", "true"},
      {"enable.partition.eof", "true"},
      {"fetch.wait.max.ms", "100"},
      {"fetch.error.backoff.ms", "100"},
      {"queued.min.messages", "100000"},
      {"queued.max.messages.kbytes", "65536"},
  };
  return *settings;
}

std::string Name(const Partition& partition) {
  return absl::StrCat(partition.topic, "/", partition.partition);
}

Partition PartitionOf(const rd_kafka_message_t& message) {
  return {rd_kafka_topic_name(message.rkt), message.partition};
}

absl::Time LoggedTime(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type;
  return absl::FromUnixMillis(rd_kafka_message_timestamp(&message, &type));
}

using KafkaTopic = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using Metadata = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

// Asks by the deadline where each partition ends.
std::map<Partition, absl::StatusOr<int64_t>> AskEnds(
    rd_kafka_t* client, const std::vector<Partition>& partitions,
    absl::Time deadline) {
  std::map<Partition, absl::StatusOr<int64_t>> ends;
  for (const Partition& each : partitions) {
    ends[each] = absl::UnavailableError(
        absl::StrCat(Name(each), ": the broker does not know it"));
  }
  // First for the topics that this client knows: a question about a topic that
  // it may not see, or about a partition without a leader, is otherwise only
  // answered by a time-out, and so is all that was asked with it.
  std::map<std::string, KafkaTopic> topics;
  for (const Partition& each : partitions) {
    if (topics.contains(each.topic)) continue;
    topics[each.topic].reset(
        rd_kafka_topic_new(client, each.topic.c_str(), nullptr));
  }
  const rd_kafka_metadata_t* answer = nullptr;
  const auto met = rd_kafka_metadata(client, /*all_topics=*/0, nullptr, &answer,
                                     MillisUntil(deadline));
  if (met != RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (auto& [partition, end] : ends) end = FromKafka(met, "ask the log");
    return ends;
  }
  const Metadata metadata(answer);
  std::vector<Partition> led;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      for (auto& [partition, end] : ends) {
        if (partition.topic == topic.topic) {
          end = FromKafka(topic.err, topic.topic);
        }
      }
      continue;
    }
    for (int j = 0; j < topic.partition_cnt; ++j) {
      const Partition partition = {topic.topic, topic.partitions[j].id};
      const auto end = ends.find(partition);
      if (end == ends.end()) continue;
      if (topic.partitions[j].leader < 0) {
        end->second =
            FromKafka(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Name(partition));
      } else {
        led.push_back(partition);
      }
    }
  }
  if (led.empty()) return ends;
  // And this call, not rd_kafka_query_watermark_offsets, which in 2.0 can wait
  // past its time-out.
  const PartitionList list(
      rd_kafka_topic_partition_list_new(static_cast<int>(led.size())));
  for (const Partition& each : led) {
    rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(),
                                      each.partition)
        ->offset = RD_KAFKA_OFFSET_END;
  }
  const rd_kafka_resp_err_t asked =
      rd_kafka_offsets_for_times(client, list.get(), MillisUntil(deadline));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    const Partition partition = {each.topic, each.partition};
    absl::StatusOr<int64_t>& end = ends[partition];
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) {
      end = FromKafka(asked, "ask where the log ends");
    } else if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      end = FromKafka(each.err, Name(partition));
    } else if (each.offset < 0) {
      end = absl::UnavailableError(
          absl::StrCat(Name(partition), ": the broker knows no end"));
    } else {
      end = each.offset;
    }
  }
  return ends;
}

}  // namespace

// The producer, its poll thread, and the appends whose reports are awaited.
class KafkaEventLog::Producer {
 public:
  static absl::StatusOr<std::unique_ptr<Producer>> New(
      const KafkaConnection& connection, const Topics& topics) {
    auto producer = std::unique_ptr<Producer>(new Producer(connection, topics));
    absl::StatusOr<KafkaClient> client = producer->NewIdempotent();
    if (!client.ok()) return client.status();
    producer->client_ = *std::move(client);
    producer->poller_ = std::thread([self = producer.get()] { self->Poll(); });
    return producer;
  }

  ~Producer() {
    if (!poller_.joinable()) return;
    closing_ = true;
    poller_.join();
    rd_kafka_flush(client_.get(),
                   static_cast<int>(absl::ToInt64Milliseconds(kFlushOnClose)));
    End(std::move(client_));
  }

  void AppendBatch(std::vector<TopicRecord> batch, absl::Time deadline,
                   AppendDone done);

 private:
  // What a record carries to its delivery report.
  struct Awaited {
    std::shared_ptr<InFlight::Batch> batch;
    size_t index;
  };

  Producer(const KafkaConnection& connection, const Topics& topics)
      : connection_(connection), topics_(topics) {}

  absl::StatusOr<KafkaClient> NewIdempotent();
  void Poll();
  void WarmUp();
  static void Report(rd_kafka_t* client, const rd_kafka_message_t* message,
                     void* self);
  // Everything that this client still holds is in doubt.
  static void End(KafkaClient client);
  absl::Status Produce(const TopicRecord& record, std::unique_ptr<Awaited>);

  const KafkaConnection& connection_;
  const Topics& topics_;
  InFlight in_flight_;
  std::atomic<bool> closing_ = false;
  // Held for reading while a batch is produced, so that no batch is divided
  // between two producers.
  absl::Mutex mutex_;
  KafkaClient client_;  // written by the poll thread, under mutex_
  std::thread poller_;
};

absl::StatusOr<KafkaClient> KafkaEventLog::Producer::NewIdempotent() {
  absl::StatusOr<KafkaConf> conf = NewConf(connection_, ProducerSettings());
  if (!conf.ok()) return conf.status();
  rd_kafka_conf_set_dr_msg_cb(conf->get(), &Report);
  rd_kafka_conf_set_opaque(conf->get(), this);
  return NewClient(RD_KAFKA_PRODUCER, *std::move(conf));
}

void KafkaEventLog::Producer::Report(rd_kafka_t*,
                                     const rd_kafka_message_t* message,
                                     void* self) {
  const std::unique_ptr<Awaited> awaited(
      static_cast<Awaited*>(message->_private));
  const Partition partition = PartitionOf(*message);
  absl::StatusOr<Appended> outcome =
      Appended{{partition, message->offset}, LoggedTime(*message)};
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    outcome = FromKafka(message->err, Name(partition));
  }
  static_cast<Producer*>(self)->in_flight_.Resolve(
      awaited->batch, awaited->index, std::move(outcome));
}

void KafkaEventLog::Producer::WarmUp() {
  std::vector<KafkaTopic> known;
  for (const auto& [name, topic] : topics_) {
    known.emplace_back(
        rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  }
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_metadata(client_.get(), /*all_topics=*/0, nullptr, &metadata,
                    static_cast<int>(absl::ToInt64Milliseconds(kWarmUp)));
  if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
}

void KafkaEventLog::Producer::Poll() {
  WarmUp();
  absl::Time replaced = absl::InfinitePast();
  while (!closing_) {
    rd_kafka_poll(client_.get(), kPollMillis);
    char text[512];
    if (rd_kafka_fatal_error(client_.get(), text, sizeof text) ==
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        absl::Now() < replaced + kReplaceAtMostEvery) {
      continue;
    }
    replaced = absl::Now();
    absl::StatusOr<KafkaClient> another = NewIdempotent();
    if (!another.ok()) {  // no memory or no threads: try again
      spdlog::error("kafka: no new producer: {}", another.status().ToString());
      continue;
    }
    spdlog::warn("kafka: the producer is replaced after a fatal error: {}",
                 text);
    {
      absl::MutexLock lock(&mutex_);
      client_.swap(*another);
    }
    End(*std::move(another));
    WarmUp();
  }
}

void KafkaEventLog::Producer::End(KafkaClient client) {
  rd_kafka_purge(client.get(),
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  // Purged records are reported too; flush is what serves the reports.
  while (rd_kafka_flush(client.get(), kPollMillis) ==
         RD_KAFKA_RESP_ERR__TIMED_OUT) {
  }
}

absl::Status KafkaEventLog::Producer::Produce(
    const TopicRecord& record, std::unique_ptr<Awaited> awaited) {
  const int32_t partition = eventlog::PartitionOf(
      record.record.key, topics_.find(record.topic)->second.partitions);
  rd_kafka_headers_t* headers = nullptr;
  if (!record.record.headers.empty()) {
    headers = rd_kafka_headers_new(record.record.headers.size());
    for (const Header& each : record.record.headers) {
      rd_kafka_header_add(
          headers, each.name.data(), static_cast<ssize_t>(each.name.size()),
          each.value.data(), static_cast<ssize_t>(each.value.size()));
    }
  }
  rd_kafka_vu_t fields[7] = {};
  size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> auto& {
    fields[count].vtype = type;
    return fields[count++].u;
  };
  add(RD_KAFKA_VTYPE_TOPIC).cstr = record.topic.c_str();
  add(RD_KAFKA_VTYPE_PARTITION).i32 = partition;
  // Copied by librdkafka, which does not write to them.
  add(RD_KAFKA_VTYPE_KEY).mem = {const_cast<char*>(record.record.key.data()),
                                 record.record.key.size()};
  add(RD_KAFKA_VTYPE_VALUE).mem = {
      const_cast<char*>(record.record.value.data()),
      record.record.value.size()};
  add(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_OPAQUE).ptr = awaited.get();
  if (headers != nullptr) add(RD_KAFKA_VTYPE_HEADERS).headers = headers;

  const Owned<rd_kafka_error_t, rd_kafka_error_destroy> refused(
      rd_kafka_produceva(client_.get(), fields, count));
  if (refused == nullptr) {
    (void)awaited.release();  // the delivery report's now, as the headers are
    return absl::OkStatus();
  }
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  return FromKafka(rd_kafka_error_code(refused.get()),
                   Name({record.topic, partition}));
}

void KafkaEventLog::Producer::AppendBatch(std::vector<TopicRecord> batch,
                                          absl::Time deadline,
                                          AppendDone done) {
  if (batch.empty()) return done({});
  const auto refuse_all = [&](const absl::Status& status) {
    done(std::vector<absl::StatusOr<Appended>>(batch.size(), status));
  };
  if (deadline <= absl::Now()) {
    return refuse_all(absl::DeadlineExceededError("not appended in time"));
  }
  size_t bytes = 0;
  for (const TopicRecord& each : batch) bytes += SizeBytes(each.record);
  const auto entry = in_flight_.Begin(batch.size(), bytes, deadline, done);
  if (entry == nullptr) {
    return refuse_all(
        absl::ResourceExhaustedError("too many appends in flight"));
  }
  std::vector<std::pair<size_t, absl::Status>> refused;
  {
    absl::ReaderMutexLock lock(&mutex_);
    for (size_t i = 0; i < batch.size(); ++i) {
      absl::Status status = CheckRecord(topics_, batch[i]);
      if (status.ok()) {
        status =
            Produce(batch[i], std::make_unique<Awaited>(Awaited{entry, i}));
      }
      if (!status.ok()) refused.emplace_back(i, std::move(status));
    }
  }
  // Not under the lock: the last one runs `done`.
  for (auto& [i, status] : refused) {
    in_flight_.Resolve(entry, i, std::move(status));
  }
}

// A consumer that only answers questions.
class KafkaEventLog::Reader {
 public:
  explicit Reader(KafkaClient client) : client_(std::move(client)) {}
  rd_kafka_t* client() const { return client_.get(); }

 private:
  const KafkaClient client_;
};

namespace {

using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Message = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;

// Many partitions of one client, all into one queue. This is librdkafka's
// simple consumer: unlike assign() it needs no group, so a reader's certificate
// needs no right but to read.
class KafkaCursor final : public Cursor {
 public:
  static absl::StatusOr<std::unique_ptr<Cursor>> New(
      const KafkaConnection& connection, std::map<Partition, int64_t> from) {
    auto cursor = std::unique_ptr<KafkaCursor>(new KafkaCursor);
    absl::StatusOr<KafkaConf> conf = NewConf(connection, ConsumerSettings());
    if (!conf.ok()) return conf.status();
    rd_kafka_conf_set_error_cb(conf->get(), &Unreachable);
    rd_kafka_conf_set_opaque(conf->get(), cursor.get());
    absl::StatusOr<KafkaClient> client =
        NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
    if (!client.ok()) return client.status();
    cursor->client_ = *std::move(client);
    cursor->queue_.reset(rd_kafka_queue_new(cursor->client_.get()));
    // What Unreachable hears of comes the same way as the records.
    const Queue events(rd_kafka_queue_get_main(cursor->client_.get()));
    rd_kafka_queue_forward(events.get(), cursor->queue_.get());
    for (const auto& [partition, offset] : from) {
      // librdkafka would take some negative offsets for "beginning" and "end".
      if (offset < 0) {
        cursor->lost_ = absl::DataLossError(absl::StrCat(
            Name(partition), " offset ", offset, ": before the start"));
        return cursor;
      }
    }
    for (const auto& [partition, offset] : from) {
      auto topic = cursor->topics_.find(partition.topic);
      if (topic == cursor->topics_.end()) {
        topic =
            cursor->topics_
                .emplace(partition.topic,
                         rd_kafka_topic_new(cursor->client_.get(),
                                            partition.topic.c_str(), nullptr))
                .first;
      }
      if (rd_kafka_consume_start_queue(topic->second.get(), partition.partition,
                                       offset, cursor->queue_.get()) != 0) {
        return FromKafka(rd_kafka_last_error(), Name(partition));
      }
      cursor->partitions_.push_back(partition);
    }
    return cursor;
  }

  ~KafkaCursor() override {
    for (const Partition& each : partitions_) {
      rd_kafka_consume_stop(topics_.at(each.topic).get(), each.partition);
    }
  }

  absl::StatusOr<std::vector<LoggedRecord>> Next(size_t limit,
                                                 absl::Time deadline) override;

 private:
  // A batch ends at this size, as in the embedded log.
  static constexpr size_t kMaxReadBytes = size_t{8} << 20;

  KafkaCursor() = default;

  // librdkafka reports each lost connection; whether the log is really out of
  // reach is asked when it matters.
  static void Unreachable(rd_kafka_t*, int error, const char* reason,
                          void* self) {
    static_cast<KafkaCursor*>(self)->suspicion_ =
        FromKafka(static_cast<rd_kafka_resp_err_t>(error), reason);
  }

  // OK if the broker tells of any partition by the deadline.
  absl::Status Reach(absl::Time deadline);

  // Appends the message, or learns from its error.
  void Take(const rd_kafka_message_t& message,
            std::vector<LoggedRecord>& records, size_t& bytes);

  KafkaClient client_;
  Queue queue_;
  std::map<std::string, KafkaTopic> topics_;
  std::vector<Partition> partitions_;
  // Records were lost: the same answer for ever.
  absl::Status lost_;
  // Not OK: the broker has not answered yet, or something was out of reach
  // since it did.
  absl::Status suspicion_ =
      absl::UnavailableError("the broker was not reached yet");
};

void KafkaCursor::Take(const rd_kafka_message_t& message,
                       std::vector<LoggedRecord>& records, size_t& bytes) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const absl::Status error =
        FromKafka(message.err, message.rkt == nullptr
                                   ? "read"
                                   : absl::StrCat(Name(PartitionOf(message)),
                                                  " offset ", message.offset));
    (absl::IsDataLoss(error) ? lost_ : suspicion_) = error;
    return;
  }
  LoggedRecord& record = records.emplace_back();
  record.position = {PartitionOf(message), message.offset};
  record.logged = LoggedTime(message);
  record.record.key.assign(static_cast<const char*>(message.key),
                           message.key_len);
  record.record.value.assign(static_cast<const char*>(message.payload),
                             message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) ==
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
         RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      record.record.headers.push_back(
          {name, std::string(static_cast<const char*>(value), size)});
    }
  }
  bytes += SizeBytes(record.record);
}

absl::Status KafkaCursor::Reach(absl::Time deadline) {
  absl::Status unreached;
  for (const auto& [partition, end] :
       AskEnds(client_.get(), partitions_, deadline)) {
    if (end.ok()) return absl::OkStatus();
    if (unreached.ok()) unreached = end.status();
  }
  if (unreached.ok() || absl::IsPermissionDenied(unreached)) return unreached;
  return absl::UnavailableError(
      absl::StrCat(suspicion_.message(), "; ", unreached.message()));
}

absl::StatusOr<std::vector<LoggedRecord>> KafkaCursor::Next(
    size_t limit, absl::Time deadline) {
  std::vector<LoggedRecord> records;
  size_t bytes = 0;
  bool asked = false;
  while (lost_.ok()) {
    // What has come already, then wait for one more.
    while (records.size() < limit && bytes < kMaxReadBytes) {
      const Message message(rd_kafka_consume_queue(queue_.get(), 0));
      if (message == nullptr) break;
      Take(*message, records, bytes);
      if (!lost_.ok()) break;
    }
    if (!records.empty()) return records;
    if (!lost_.ok()) break;
    if (!suspicion_.ok() && !asked) {
      // "Nothing yet" must not hide a log that is out of reach: ask it. Once in
      // a call: what one partition goes on to complain of is no reason to ask
      // for all of them again and again.
      if (absl::Status reached = Reach(deadline); !reached.ok()) return reached;
      suspicion_ = absl::OkStatus();
      asked = true;
    }
    const Message message(
        rd_kafka_consume_queue(queue_.get(), MillisUntil(deadline)));
    if (message != nullptr) {
      Take(*message, records, bytes);
    } else if (absl::Now() >= deadline && (suspicion_.ok() || asked)) {
      return records;
    }
  }
  // Records before the loss are good, and are given first.
  if (!records.empty()) return records;
  return lost_;
}

}  // namespace

KafkaEventLog::KafkaEventLog(Topics topics, KafkaConnection connection)
    : topics_(std::move(topics)), connection_(std::move(connection)) {}

KafkaEventLog::~KafkaEventLog() = default;

absl::StatusOr<std::unique_ptr<KafkaEventLog>> KafkaEventLog::Open(
    const KafkaConnection& connection, Topics topics) {
  if (absl::Status status = CheckTopics(topics); !status.ok()) return status;
  auto log = std::unique_ptr<KafkaEventLog>(
      new KafkaEventLog(std::move(topics), connection));
  absl::StatusOr<KafkaConf> conf = NewConf(connection, ConsumerSettings());
  if (!conf.ok()) return conf.status();
  absl::StatusOr<KafkaClient> client =
      NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
  if (!client.ok()) return client.status();
  log->reader_ = std::make_unique<Reader>(*std::move(client));
  auto producer = Producer::New(log->connection_, log->topics_);
  if (!producer.ok()) return producer.status();
  log->producer_ = *std::move(producer);
  return log;
}

void KafkaEventLog::AppendBatch(std::vector<TopicRecord> batch,
                                absl::Time deadline, AppendDone done) {
  producer_->AppendBatch(std::move(batch), deadline, std::move(done));
}

absl::StatusOr<std::unique_ptr<Cursor>> KafkaEventLog::Open(
    std::map<Partition, int64_t> from) {
  for (const auto& [partition, offset] : from) {
    absl::Status status = CheckPartition(topics_, partition);
    if (!status.ok()) return status;
  }
  return KafkaCursor::New(connection_, std::move(from));
}

std::map<Partition, absl::StatusOr<int64_t>> KafkaEventLog::Ends(
    const std::vector<Partition>& partitions, absl::Time deadline) {
  std::map<Partition, absl::StatusOr<int64_t>> ends;
  std::vector<Partition> declared;
  for (const Partition& each : partitions) {
    if (absl::Status status = CheckPartition(topics_, each); status.ok()) {
      declared.push_back(each);
    } else {
      ends[each] = std::move(status);
    }
  }
  if (!declared.empty()) {
    ends.merge(AskEnds(reader_->client(), declared, deadline));
  }
  return ends;
}

std::vector<Partition> KafkaEventLog::Partitions(
    const std::string& topic) const {
  return PartitionsOf(topics_, topic);
}

}  // namespace vigil::eventlog
