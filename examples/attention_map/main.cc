// SPDX-License-Identifier: Apache-2.0
// Draws where each head of tinylm looks while it reads a text.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../command_line.h"
#include "../tinylm/weights_load.h"
#include "../tinylm/weights_path.h"
#include "fovea/heatmap.h"
#include "model.h"
#include "picture.h"
#include "summary.h"

namespace attention_map {
namespace {

constexpr char kUsage[] =
    "usage: attention_map [--text TEXT] [--layer N] [--head N] [--width N]\n"
    "                     [--ascii] [--png FILE] [--weights FILE]\n"
    "\n"
    "Reads TEXT with tinylm, a small model of Shakespeare's English, and "
    "draws\n"
    "the attention weights of every layer and head: a line for each byte that\n"
    "looks, a column for each that it may look at.\n"
    "\n"
    "  --text TEXT     UTF-8, 2 to 256 bytes (default \"To be, or not to "
    "be\")\n"
    "  --layer N       only this layer, 0 to 3\n"
    "  --head N        only this head of each layer, 0 to 3\n"
    "  --width N       characters of a line, 20 to 1000 (default 100)\n"
    "  --ascii         no Unicode\n"
    "  --png FILE      draw a picture too\n"
    "  --weights FILE  default: the file beside tinylm's source\n"
    "  --help          this text\n";

constexpr size_t kAll = ~size_t{0};

constexpr examples::CommandLine kCommand = {"attention_map"};
using examples::Parsed;

struct Options {
  const char* text = "To be, or not to be";
  size_t layer = kAll, head = kAll;
  size_t width = 100;
  bool ascii = false;
  const char* png = nullptr;
  const char* weights = tinylm::kWeightsPath;
};

Memory memory;
tinylm::WeightsFile file;

bool CheckText(const char* text) {
  const size_t length = std::strlen(text);
  if (length < 2 || length > kContext) {
    char why[64];
    std::snprintf(why, sizeof(why), "has %zu bytes, not 2 to %zu", length,
                  kContext);
    return kCommand.Fail("text", why);
  }
  for (const char* at = text; *at != '\0';) {
    const bool space = *at == '\n' || *at == '\t' || *at == '\r';
    const size_t bytes = space ? 1 : fovea::heatmap::CharacterBytes(at);
    const unsigned char byte = static_cast<unsigned char>(*at);
    if (bytes == 0 && (byte < ' ' || byte == 0x7f)) {
      return kCommand.Fail("text", "has a control character");
    }
    if (bytes == 0) return kCommand.Fail("text", "is not UTF-8");
    at += bytes;
  }
  return true;
}

Parsed Parse(int argc, char** argv, Options& options) {
  const option kLong[] = {{"text", required_argument, nullptr, 't'},
                          {"layer", required_argument, nullptr, 'l'},
                          {"head", required_argument, nullptr, 'e'},
                          {"width", required_argument, nullptr, 'c'},
                          {"ascii", no_argument, nullptr, 'a'},
                          {"png", required_argument, nullptr, 'p'},
                          {"weights", required_argument, nullptr, 'w'},
                          {"help", no_argument, nullptr, 'h'},
                          {nullptr, 0, nullptr, 0}};
  kCommand.Begin(argv);
  bool good = true;
  for (int c; (c = getopt_long(argc, argv, "h", kLong, nullptr)) != -1;) {
    switch (c) {
      case 't':
        options.text = optarg;
        break;
      case 'l':
        good &= kCommand.ParseNumber("--layer", optarg, 0, kLayers - 1,
                                     options.layer);
        break;
      case 'e':
        good &=
            kCommand.ParseNumber("--head", optarg, 0, kHeads - 1, options.head);
        break;
      case 'c':
        good &=
            kCommand.ParseNumber("--width", optarg, 20, 1000, options.width);
        break;
      case 'a':
        options.ascii = true;
        break;
      case 'p':
        options.png = optarg;
        break;
      case 'w':
        options.weights = optarg;
        break;
      case 'h':
        return Parsed::kHelp;
      default:  // getopt has said what is wrong
        return Parsed::kBad;
    }
  }
  good &= kCommand.ExpectNoMore(argc, argv);
  return good && CheckText(options.text) ? Parsed::kRun : Parsed::kBad;
}

// How a byte shows: spaces, tabs and ends of lines as marks, parts of a longer
// UTF-8 character as a dot.
std::string LabelOf(unsigned char byte, bool unicode) {
  if (byte == ' ') return unicode ? "\xe2\x90\xa3" : "_";
  if (byte == '\t') return unicode ? "\xe2\x87\xa5" : "\\";
  if (byte < ' ') return unicode ? "\xe2\x8f\x8e" : "\\";
  if (byte >= 0x7f) return unicode ? "\xc2\xb7" : ".";
  return std::string(1, static_cast<char>(byte));
}

std::vector<std::string> LabelsOf(const std::string& text, bool unicode) {
  std::vector<std::string> labels;
  labels.reserve(text.size());
  for (const char c : text) {
    labels.push_back(LabelOf(static_cast<unsigned char>(c), unicode));
  }
  return labels;
}

struct Head {
  size_t layer, head;
  const float* weights;
  Summary summary;

  std::string Title() const {
    char title[64];
    std::snprintf(title, sizeof(title), "layer %zu head %zu: %.2f bits", layer,
                  head, summary.entropy);
    return title;
  }
};

std::vector<Head> HeadsOf(const Options& options, const std::string& text) {
  std::vector<Head> heads;
  const size_t count = text.size();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  for (size_t l = 0; l < kLayers; ++l) {
    for (size_t h = 0; h < kHeads; ++h) {
      if (options.layer != kAll && l != options.layer) continue;
      if (options.head != kAll && h != options.head) continue;
      const float* weights = memory.maps + (l * kHeads + h) * count * count;
      heads.push_back({l, h, weights, Summarise(weights, bytes, count)});
    }
  }
  return heads;
}

// Characters that a terminal shows: bytes that do not go on a UTF-8 one.
size_t Columns(const std::string& text) {
  size_t columns = 0;
  for (const char c : text) {
    columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }
  return columns;
}

std::vector<std::string> LinesOf(const Head& head, const Options& options,
                                 const std::vector<std::string>& labels,
                                 size_t cell_width, size_t room) {
  std::vector<const char*> names;
  names.reserve(labels.size());
  for (const std::string& label : labels) names.push_back(label.c_str());
  fovea::Heatmap map;
  map.values = head.weights;
  map.rows = map.columns = labels.size();
  map.row_labels = map.column_labels = names.data();
  fovea::HeatmapOptions look;
  look.width = (room - 2) / cell_width;
  look.cell_width = cell_width;
  look.label_width = 1;
  look.most = 1;
  look.ascii = options.ascii;
  std::vector<std::string> lines = {head.Title()};
  std::string line;
  const auto sink = [&](const char* text, size_t bytes) {
    line.append(text, bytes);
    if (line.back() != '\n') return;
    line.pop_back();
    lines.push_back(line);
    line.clear();
  };
  if (fovea::WriteHeatmap(map, look, sink) != fovea::Status::kOk) return {};
  return lines;
}

// Several heads beside each other where they fit.
void Print(const std::vector<Head>& heads, const Options& options,
           const std::vector<std::string>& labels) {
  constexpr size_t kGap = 3, kTitle = 25;
  const size_t cell_width = labels.size() * 2 + 2 <= options.width ? 2 : 1;
  size_t room = labels.size() * cell_width + 2;
  if (room < kTitle) room = kTitle;
  if (room > options.width) room = options.width;
  const size_t across = (options.width + kGap) / (room + kGap);
  for (size_t first = 0; first < heads.size(); first += across) {
    std::vector<std::string> lines;
    for (size_t i = first; i < first + across && i < heads.size(); ++i) {
      const auto more = LinesOf(heads[i], options, labels, cell_width, room);
      lines.resize(more.size());
      for (size_t j = 0; j < more.size(); ++j) {
        if (i > first) {
          const size_t column = (i - first) * (room + kGap);
          lines[j].append(column - Columns(lines[j]), ' ');
        }
        lines[j] += more[j];
      }
    }
    for (const std::string& line : lines) std::printf("%s\n", line.c_str());
    std::printf("\n");
  }
}

void PrintSummary(const std::vector<Head>& heads) {
  std::printf(
      "layer head  bits  tokens back  itself  before  first  same  looks at\n");
  for (const Head& head : heads) {
    const Summary& s = head.summary;
    std::printf("%5zu %4zu %5.2f %12.1f %6.0f%% %6.0f%% %5.0f%% %4.0f%%  %s\n",
                head.layer, head.head, s.entropy, s.distance, 100 * s.self,
                100 * s.previous, 100 * s.first, 100 * s.same, s.LooksAt());
  }
  std::printf(
      "\nMeans over the lines.  bits: a line's entropy, 0 where it looks at "
      "one "
      "byte,\n"
      "1 at two alike...  tokens back: how far it looks.  itself, before, "
      "first, same:\n"
      "its weight on its own byte, on the one before, on the text's first, and "
      "on\n"
      "earlier ones that are the same letter.\n");
}

bool Draw(const std::vector<Head>& heads, const Options& options,
          const std::string& text) {
  std::vector<Panel> panels;
  panels.reserve(heads.size());
  for (const Head& head : heads) panels.push_back({head.Title(), head.weights});
  const size_t across = options.head == kAll ? kHeads : heads.size();
  const char* problem = WritePicture(
      options.png, panels, across, LabelsOf(text, false),
      "A line for each byte that looks, a column for each it may look at; "
      "_ is a space, \\ a newline.");
  return problem == nullptr || kCommand.Fail(options.png, problem);
}

bool Run(const Options& options) {
  tinylm::Weights weights;
  const char* problem = tinylm::LoadWeights(options.weights, file, weights);
  if (problem != nullptr) return kCommand.Fail(options.weights, problem);
  const std::string text = options.text;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const fovea::Status status = Read(weights, bytes, text.size(), memory);
  if (status != fovea::Status::kOk)
    return kCommand.Fail("model", fovea::Name(status));
  const std::vector<Head> heads = HeadsOf(options, text);
  if (options.png != nullptr && !Draw(heads, options, text)) return false;
  Print(heads, options, LabelsOf(text, !options.ascii));
  PrintSummary(heads);
  if (options.png != nullptr)
    std::printf("\nThe picture is %s.\n", options.png);
  return kCommand.FinishOutput();
}

}  // namespace
}  // namespace attention_map

int main(int argc, char** argv) {
  attention_map::Options options;
  switch (attention_map::Parse(argc, argv, options)) {
    case attention_map::Parsed::kBad:
      return 1;
    case attention_map::Parsed::kHelp:
      std::fputs(attention_map::kUsage, stdout);
      return 0;
    case attention_map::Parsed::kRun:
      break;
  }
  return attention_map::Run(options) ? 0 : 1;
}
