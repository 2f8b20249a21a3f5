// SPDX-License-Identifier: Apache-2.0
// Heat maps: the text of known matrices, and bad input.
#include "fovea/heatmap.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace {

using fovea::Heatmap;
using fovea::HeatmapOptions;
using fovea::Status;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::string TextOf(const Heatmap& map, const HeatmapOptions& options) {
  std::string text;
  const auto sink = [&](const char* piece, size_t bytes) {
    text.append(piece, bytes);
  };
  EXPECT_EQ(fovea::WriteHeatmap(map, options, sink), Status::kOk);
  EXPECT_EQ(fovea::HeatmapBytes(map, options), text.size());
  return text;
}

const float kRamp[2][5] = {{0, 0.25f, 0.5f, 0.75f, 1}, {1, 0, 0, 0, 0.1f}};

Heatmap Ramp() {
  Heatmap map;
  map.values = kRamp[0];
  map.rows = 2;
  map.columns = 5;
  return map;
}

TEST(Heatmap, UnicodeShades) {
  HeatmapOptions options;
  options.cell_width = 1;
  EXPECT_EQ(TextOf(Ramp(), options), " ░▒▓█\n█    \n");
  options.cell_width = 2;
  EXPECT_EQ(TextOf(Ramp(), options), "  ░░▒▒▓▓██\n██        \n");
}

TEST(Heatmap, AsciiShades) {
  HeatmapOptions options;
  options.cell_width = 1;
  options.ascii = true;
  options.newline = "\r\n";
  EXPECT_EQ(TextOf(Ramp(), options), " :+#@\r\n@   .\r\n");
}

TEST(Heatmap, TheDarkestCanBeChosen) {
  HeatmapOptions options;
  options.cell_width = 1;
  options.most = 0.5f;
  EXPECT_EQ(TextOf(Ramp(), options), " ▒███\n█   ░\n");
}

TEST(Heatmap, LabelsArePaddedAndCutByCharacters) {
  const char* const rows[] = {"é", "long one"};
  const char* const columns[] = {"a", "bc", "d", "\n", "\xff"};
  Heatmap map = Ramp();
  map.row_labels = rows;
  map.column_labels = columns;
  EXPECT_EQ(TextOf(map, {}),
            "     a bcd ? ? \n"
            "é      ░░▒▒▓▓██\n"
            "long ██        \n");
}

TEST(Heatmap, LabelsThatAreNotUtf8ShowAsQuestionMarks) {
  HeatmapOptions options;
  options.label_width = 8;
  Heatmap map = Ramp();
  map.rows = 1;
  const struct {
    const char* label;
    const char* shown;
  } kLabels[] = {
      {"\x80", "?       "},
      {"\xc0\xaf", "??      "},
      {"\xc2\x85", "??      "},
      {"\xe2\x96", "??      "},
      {"\xed\xa0\x80", "???     "},
      {"\xf4\x90\x80\x80", "????    "},
      {"\xe0\x80\x80", "???     "},
      {"\x1b[2J", "?[2J    "},
      {"a\xe2", "a?      "},
      {"\xf0\x9f\x8e\xad", "\xf0\x9f\x8e\xad       "},
  };
  for (const auto& one : kLabels) {
    map.row_labels = &one.label;
    EXPECT_EQ(TextOf(map, options).substr(0, std::string(one.shown).size()),
              one.shown);
  }
}

TEST(Heatmap, SharedCellsShowTheLargest) {
  std::vector<float> values(100, 0.0f);
  values[37] = 1.0f;  // of cell 3 of 10
  Heatmap map;
  map.values = values.data();
  map.rows = 1;
  map.columns = 100;
  const std::vector<const char*> labels(100, "x");
  map.column_labels = labels.data();  // no room for them
  HeatmapOptions options;
  options.width = 10;
  options.cell_width = 1;
  EXPECT_EQ(TextOf(map, options), "   █      \n");
  options.width = 7;  // cells of 14 and 15 columns
  EXPECT_EQ(TextOf(map, options), "  █    \n");
}

TEST(Heatmap, OddValues) {
  const float values[] = {kNan, -1, kInf, -kInf, 2, -0.0f};
  Heatmap map;
  map.values = values;
  map.rows = 1;
  map.columns = 6;
  HeatmapOptions options;
  options.cell_width = 1;
  EXPECT_EQ(TextOf(map, options), "? █ █ \n");
  options.width = 3;
  EXPECT_EQ(TextOf(map, options), "?██\n");
  map.columns = 2;
  map.values = values + 3;  // -inf and 2
  map.rows = 1;
  EXPECT_EQ(TextOf(map, options), " █\n");
  const float none[] = {0, 0};
  map.values = none;
  EXPECT_EQ(TextOf(map, options), "  \n");
}

TEST(Heatmap, RowsMayHaveAStride) {
  Heatmap map = Ramp();
  map.columns = 2;
  map.stride = 5;
  HeatmapOptions options;
  options.cell_width = 1;
  options.most = 1;
  EXPECT_EQ(TextOf(map, options), " ░\n█ \n");
}

TEST(Heatmap, ABufferThatIsTooShortIsLeftAlone) {
  const size_t bytes = fovea::HeatmapBytes(Ramp(), {});
  ASSERT_GT(bytes, 0u);
  std::string buffer(bytes + 1, 'x');
  EXPECT_EQ(fovea::WriteHeatmap(Ramp(), {}, &buffer[0], bytes),
            Status::kTooShort);
  EXPECT_EQ(buffer, std::string(bytes + 1, 'x'));
  EXPECT_EQ(fovea::WriteHeatmap(Ramp(), {}, &buffer[0], bytes + 1),
            Status::kOk);
  EXPECT_EQ(buffer, TextOf(Ramp(), {}) + '\0');
  EXPECT_EQ(fovea::WriteHeatmap(Ramp(), {}, nullptr, 100),
            Status::kNullPointer);
}

TEST(Heatmap, BadInputWritesNothing) {
  const auto status = [](const Heatmap& map, const HeatmapOptions& options) {
    size_t pieces = 0;
    const Status result = fovea::WriteHeatmap(
        map, options, [&](const char*, size_t) { ++pieces; });
    EXPECT_EQ(pieces, 0u);
    EXPECT_EQ(fovea::HeatmapBytes(map, options), 0u);
    char buffer[200] = "";
    EXPECT_EQ(fovea::WriteHeatmap(map, options, buffer, sizeof(buffer)),
              result);
    EXPECT_STREQ(buffer, "");
    return result;
  };
  Heatmap map = Ramp();
  map.values = nullptr;
  EXPECT_EQ(status(map, {}), Status::kNullPointer);
  map = Ramp();
  map.rows = 0;
  EXPECT_EQ(status(map, {}), Status::kZeroCount);
  map = Ramp();
  map.columns = 0;
  EXPECT_EQ(status(map, {}), Status::kZeroCount);
  map = Ramp();
  map.stride = 4;
  EXPECT_EQ(status(map, {}), Status::kBadStride);
  map = Ramp();
  HeatmapOptions options;
  options.width = 0;
  EXPECT_EQ(status(map, options), Status::kZeroCount);
  options = {};
  options.cell_width = 0;
  EXPECT_EQ(status(map, options), Status::kZeroCount);
  options.cell_width = 9;
  EXPECT_EQ(status(map, options), Status::kBadStride);
  options = {};
  options.label_width = 65;
  EXPECT_EQ(status(map, options), Status::kBadStride);
  options = {};
  options.most = kNan;
  EXPECT_EQ(status(map, options), Status::kBadScale);
  options.most = -1;
  EXPECT_EQ(status(map, options), Status::kBadScale);
  options = {};
  options.newline = nullptr;
  EXPECT_EQ(status(map, options), Status::kNullPointer);
}

}  // namespace
