#include "libs/projection/index.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/projection/test_projection.h"

namespace vigil::projection {
namespace {

using eventlog::LoggedRecord;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

LoggedRecord RecordAt(int32_t partition, int64_t offset, std::string key,
                      std::string value) {
  return {{{kTopic, partition}, offset},
          absl::FromUnixMillis(1'700'000'000'000 + offset),
          {std::move(key), std::move(value), {{"name", "of header"}}}};
}

std::unique_ptr<Index> OpenIndex(const std::string& folder,
                                 const Fold& fold = TestFold()) {
  auto index = Index::Open(folder, fold);
  EXPECT_TRUE(index.ok()) << index.status();
  return *std::move(index);
}

TEST(IndexTest, RowsOfTwoTablesAndPositionsSurviveReopening) {
  const TemporaryFolder folder;
  auto index = OpenIndex(folder.path());
  ASSERT_TRUE(index
                  ->Apply({RecordAt(0, 0, "anna", "fell down"),
                           RecordAt(0, 1, "bert", "fell off"),
                           RecordAt(2, 7, "anna", "seen")})
                  .ok());
  index.reset();
  index = OpenIndex(folder.path());
  const auto snapshot = index->snapshot();
  EXPECT_THAT(ValuesOf(*snapshot, kByKey, "anna"),
              ElementsAre("fell down", "seen"));
  EXPECT_THAT(ValuesOf(*snapshot, kByWord, "fell "),
              ElementsAre("anna", "bert"));
  EXPECT_EQ(snapshot->positions(),
            (Positions{{{kTopic, 0}, 2}, {{kTopic, 2}, 8}}));
  EXPECT_EQ(snapshot->applied().at({kTopic, 2}).logged,
            absl::FromUnixMillis(1'700'000'000'007));
  EXPECT_EQ(*snapshot->Get(kByKey, "anna" + PositionBytes({{kTopic, 2}, 7})),
            "seen");
}

TEST(IndexTest, KeysShorterThanThePrefixAreAskedForSafely) {
  const TemporaryFolder folder;
  auto index = OpenIndex(folder.path());
  ASSERT_TRUE(
      index
          ->Apply({RecordAt(0, 0, "anna", "a"), RecordAt(0, 1, "annabel", "b"),
                   RecordAt(0, 2, "ant", "c"), RecordAt(0, 3, "bert", "d")})
          .ok());
  const auto snapshot = index->snapshot();
  EXPECT_TRUE(absl::IsNotFound(snapshot->Get(kByKey, "an").status()));
  EXPECT_TRUE(absl::IsNotFound(snapshot->Get(kByKey, "").status()));
  EXPECT_TRUE(absl::IsNotFound(snapshot->Get(kByKey, "anna").status()));
  EXPECT_THAT(ValuesOf(*snapshot, kByKey, "an"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ValuesOf(*snapshot, kByKey, ""), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ValuesOf(*snapshot, kByKey, "annn"), IsEmpty());
  EXPECT_THAT(ValuesOf(*snapshot, kByKey, "\xff\xff\xff\xff\xff"), IsEmpty());
}

TEST(IndexTest, AScanBeginsWhereItIsToldAndEndsWhenItIsTold) {
  const TemporaryFolder folder;
  auto index = OpenIndex(folder.path());
  for (const char c : {'a', 'b', 'c', 'd', 'e'}) {
    ASSERT_TRUE(
        index->Apply({RecordAt(0, c - 'a', "anna", std::string(1, c))}).ok());
  }
  ASSERT_TRUE(index->Apply({RecordAt(0, 5, "bert", "z")}).ok());
  const auto snapshot = index->snapshot();
  std::string seen;
  const auto two = [&](absl::string_view, absl::string_view value) {
    seen.append(value.data(), value.size());
    return seen.size() < 2;
  };
  const std::string from = "anna" + PositionBytes({{kTopic, 0}, 2});
  ASSERT_TRUE(snapshot->Scan(kByKey, "anna", two, from).ok());
  EXPECT_EQ(seen, "cd");
  seen.clear();
  ASSERT_TRUE(snapshot->Scan(kByKey, "anna", two, "aaaa").ok());
  EXPECT_EQ(seen, "ab");
  seen.clear();
  ASSERT_TRUE(snapshot->Scan(kByKey, "anna", two, "berta").ok());
  EXPECT_EQ(seen, "");
}

TEST(IndexTest, ASnapshotNeverChangesAndOutlivesTheIndex) {
  const TemporaryFolder folder;
  auto index = OpenIndex(folder.path());
  ASSERT_TRUE(index->Apply({RecordAt(0, 0, "anna", "first")}).ok());
  const auto snapshot = index->snapshot();
  ASSERT_TRUE(index->Apply({RecordAt(0, 1, "anna", "second")}).ok());
  index.reset();
  EXPECT_THAT(ValuesOf(*snapshot, kByKey, "anna"), ElementsAre("first"));
  EXPECT_EQ(snapshot->positions(), (Positions{{{kTopic, 0}, 1}}));
}

TEST(IndexTest, WhatTheFoldCannotTakeIsKeptWholeAndCountedByKey) {
  const TemporaryFolder folder;
  auto index = OpenIndex(folder.path());
  const LoggedRecord bad = RecordAt(1, 3, "anna", std::string("!\0x", 3));
  ASSERT_TRUE(index
                  ->Apply({RecordAt(0, 0, "anna", "good"), bad, bad,
                           RecordAt(0, 1, "annab", "!other")})
                  .ok());
  ASSERT_TRUE(index->Apply({bad}).ok());
  for (const bool reopened : {false, true}) {
    if (reopened) {
      index.reset();
      index = OpenIndex(folder.path());
    }
    const auto snapshot = index->snapshot();
    EXPECT_EQ(snapshot->quarantined(), 2);
    EXPECT_EQ(*snapshot->CountQuarantined("anna"), 1);
    EXPECT_EQ(*snapshot->CountQuarantined("annab"), 1);
    EXPECT_EQ(*snapshot->CountQuarantined("ann"), 0);
    // The row that it had put before it failed is not there.
    EXPECT_THAT(ValuesOf(*snapshot, kByKey, "anna"), ElementsAre("good"));
    int count = 0;
    ASSERT_TRUE(
        snapshot
            ->ScanQuarantined("anna",
                              [&](const Quarantined& kept) {
                                ++count;
                                EXPECT_EQ(kept.record.position, bad.position);
                                EXPECT_EQ(kept.record.logged, bad.logged);
                                EXPECT_EQ(kept.record.record, bad.record);
                                EXPECT_EQ(kept.reason, "begins with !");
                                return true;
                              })
            .ok());
    EXPECT_EQ(count, 1);
    EXPECT_EQ(snapshot->positions().at({kTopic, 1}), 4);
  }
}

TEST(IndexTest, AnotherFoldNeedsARebuildAndLeavesTheIndexAsItWas) {
  const TemporaryFolder folder;
  OpenIndex(folder.path())->Apply({RecordAt(0, 0, "anna", "a")}).IgnoreError();
  Fold more = TestFold();
  more.tables.push_back({"third"});
  Fold wider = TestFold();
  wider.tables[0].prefix_bytes = 5;
  for (const Fold& other : {TestFold(2), more, wider}) {
    const auto index = Index::Open(folder.path(), other);
    EXPECT_TRUE(absl::IsFailedPrecondition(index.status())) << index.status();
  }
  EXPECT_THAT(ValuesOf(*OpenIndex(folder.path())->snapshot(), kByKey, "anna"),
              ElementsAre("a"));
}

TEST(IndexTest, AFolderHasOneOwner) {
  const TemporaryFolder folder;
  const auto index = OpenIndex(folder.path());
  EXPECT_TRUE(
      absl::IsUnavailable(Index::Open(folder.path(), TestFold()).status()));
}

TEST(IndexTest, LeftoversAreRemovedAndADamagedPointerIsSaid) {
  const TemporaryFolder folder;
  OpenIndex(folder.path())->Apply({RecordAt(0, 0, "anna", "a")}).IgnoreError();
  std::filesystem::create_directory(folder / "index-9");
  std::ofstream(folder / "index-9/half.sst") << "made";
  EXPECT_THAT(ValuesOf(*OpenIndex(folder.path())->snapshot(), kByKey, "anna"),
              ElementsAre("a"));
  EXPECT_FALSE(std::filesystem::exists(folder / "index-9"));
  std::ofstream(folder / "CURRENT") << "index-x";
  EXPECT_TRUE(
      absl::IsDataLoss(Index::Open(folder.path(), TestFold()).status()));
  EXPECT_TRUE(std::filesystem::exists(folder / "index-1"));
}

TEST(IndexTest, ABatchForAnotherGenerationIsRefused) {
  const TemporaryFolder folder;
  auto index = OpenIndex(folder.path());
  const int64_t other = index->snapshot()->generation() + 1;
  EXPECT_TRUE(
      absl::IsAborted(index->Apply({RecordAt(0, 0, "anna", "a")}, other)));
  EXPECT_THAT(index->snapshot()->positions(), IsEmpty());
}

TEST(IndexDeathTest, AKeyShorterThanThePrefixIsTheFoldsMistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const TemporaryFolder folder;
  Fold fold = TestFold();
  fold.apply = [](const LoggedRecord&, Rows& rows) {
    rows.Put(kByKey, "abc", "");
    return absl::OkStatus();
  };
  const auto index = OpenIndex(folder.path(), fold);
  EXPECT_DEATH(index->Apply({RecordAt(0, 0, "k", "v")}).IgnoreError(),
               "as long as its table's prefix");
}

}  // namespace
}  // namespace vigil::projection
