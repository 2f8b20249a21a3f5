// SPDX-License-Identifier: Apache-2.0
#include "picture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <system_error>

#ifdef FOVEA_HAS_GD
#include <gd.h>
#include <gdfonts.h>
#include <gdfontt.h>
#endif

namespace attention_map {

#ifdef FOVEA_HAS_GD

namespace {

constexpr int kMargin = 16, kTitle = 20, kGap = 18, kBar = 18, kBarGap = 34;

struct Colour {
  int red, green, blue;
};

// From white through blue to near black: light is little, in print too.
constexpr Colour kScale[] = {{255, 255, 255}, {222, 235, 247}, {158, 202, 225},
                             {66, 146, 198},  {8, 81, 156},    {8, 29, 64}};
constexpr int kSteps = static_cast<int>(sizeof(kScale) / sizeof(*kScale)) - 1;

Colour ColourOf(double share) {
  const double at = std::min(1.0, std::max(0.0, share)) * kSteps;
  const int low = std::min(kSteps - 1, static_cast<int>(at));
  const double part = at - low;
  const auto mix = [&](int a, int b) {
    return static_cast<int>(std::lround(a + (b - a) * part));
  };
  const Colour &a = kScale[low], &b = kScale[low + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

class Canvas {
 public:
  Canvas(int width, int height)
      : image_(gdImageCreateTrueColor(width, height)) {
    if (image_ != nullptr) {
      Fill(0, 0, width, height, {255, 255, 255});
    }
  }
  ~Canvas() {
    if (image_ != nullptr) gdImageDestroy(image_);
  }
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  bool ok() const { return image_ != nullptr; }

  void Fill(int x, int y, int width, int height, const Colour& colour) {
    gdImageFilledRectangle(image_, x, y, x + width - 1, y + height - 1,
                           Index(colour));
  }
  void Frame(int x, int y, int width, int height) {
    gdImageRectangle(image_, x, y, x + width - 1, y + height - 1,
                     Index({120, 120, 120}));
  }
  void Text(int x, int y, const std::string& text) {
    std::string copy = text;
    gdImageString(image_, gdFontGetSmall(), x, y, Bytes(copy),
                  Index({0, 0, 0}));
  }
  // One character in the middle of a cell.
  void Letter(int x, int y, int cell, char letter) {
    const gdFont* font = gdFontGetTiny();
    gdImageChar(image_, gdFontGetTiny(), x + (cell - font->w) / 2,
                y + (cell - font->h) / 2, letter, Index({70, 70, 70}));
  }

  const char* Write(const char* path) {
    int size = 0;
    void* png = gdImagePngPtr(image_, &size);
    if (png == nullptr) return "cannot make a PNG";
    // A device would be replaced, and so would a link.
    std::error_code error;
    const std::filesystem::file_status there =
        std::filesystem::status(path, error);
    if (std::filesystem::exists(there) &&
        !std::filesystem::is_regular_file(there)) {
      gdFree(png);
      return "is not a regular file";
    }
    std::string target = std::filesystem::canonical(path, error).string();
    if (error) target = path;
    // Beside it first: what is there stays until the new one is whole.
    const std::string part = target + ".part";
    std::FILE* file = std::fopen(part.c_str(), "wb");
    bool written = file != nullptr;
    if (written) {
      const size_t bytes = static_cast<size_t>(size);
      written = std::fwrite(png, 1, bytes, file) == bytes;
      written = std::fclose(file) == 0 && written;
      written = written && std::rename(part.c_str(), target.c_str()) == 0;
      if (!written) std::remove(part.c_str());
    }
    gdFree(png);
    return written ? nullptr : "cannot be written";
  }

 private:
  static unsigned char* Bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(&text[0]);
  }
  int Index(const Colour& c) {
    return gdImageColorAllocate(image_, c.red, c.green, c.blue);
  }

  gdImagePtr image_;
};

// Sizes of one panel, in pixels.
struct Layout {
  size_t tokens;
  int cell, label;

  explicit Layout(size_t count) : tokens(count) {
    const int fits = static_cast<int>(280 / count);
    cell = std::min(12, std::max(1, fits));
    label = cell >= 7 ? cell + 2 : 0;
  }
  int side() const { return cell * static_cast<int>(tokens); }
  int width() const { return label + side() + kGap; }
  int height() const { return kTitle + label + side() + kGap; }
};

void DrawPanel(Canvas& canvas, int left, int top, const Layout& layout,
               const Panel& panel, const std::vector<std::string>& labels,
               double most) {
  const int count = static_cast<int>(layout.tokens), cell = layout.cell;
  canvas.Text(left + layout.label, top, panel.title);
  const int x = left + layout.label, y = top + kTitle + layout.label;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < count; ++j) {
      const float weight = panel.weights[i * count + j];
      canvas.Fill(x + j * cell, y + i * cell, cell, cell,
                  ColourOf(double{weight} / most));
    }
    if (layout.label > 0) {
      const char letter = labels[static_cast<size_t>(i)][0];
      canvas.Letter(left, y + i * cell, cell, letter);
      canvas.Letter(x + i * cell, top + kTitle, cell, letter);
    }
  }
  canvas.Frame(x - 1, y - 1, layout.side() + 2, layout.side() + 2);
}

void DrawBar(Canvas& canvas, int left, int top, int height, double most) {
  for (int i = 0; i < height; ++i) {
    const double share = 1.0 - static_cast<double>(i) / (height - 1);
    canvas.Fill(left, top + i, kBar, 1, ColourOf(share));
  }
  canvas.Frame(left - 1, top - 1, kBar + 2, height + 2);
  for (int tick = 0; tick <= 4; ++tick) {
    char text[16];
    std::snprintf(text, sizeof(text), "%.2f", most * (4 - tick) / 4);
    canvas.Text(left + kBar + 6, top + tick * (height - 1) / 4 - 6, text);
  }
}

}  // namespace

const char* WritePicture(const char* path, const std::vector<Panel>& panels,
                         size_t across, const std::vector<std::string>& labels,
                         const std::string& caption) {
  const Layout layout(labels.size());
  const int columns = static_cast<int>(std::min(across, panels.size()));
  const int rows = static_cast<int>((panels.size() + across - 1) / across);
  const int grid_height = rows * layout.height();
  const int right = kMargin + columns * layout.width();
  // Room for the caption where there are few tokens.
  const int width = std::max(right + kBarGap + kBar + kMargin, 560);
  Canvas canvas(width, 2 * kMargin + grid_height + kTitle);
  if (!canvas.ok()) return "no memory for the picture";
  double most = 0;
  for (const Panel& panel : panels) {
    const float* end = panel.weights + labels.size() * labels.size();
    most = std::max(most, double{*std::max_element(panel.weights, end)});
  }
  for (size_t i = 0; i < panels.size(); ++i) {
    const int column = static_cast<int>(i % across);
    const int row = static_cast<int>(i / across);
    DrawPanel(canvas, kMargin + column * layout.width(),
              kMargin + row * layout.height(), layout, panels[i], labels, most);
  }
  DrawBar(canvas, right, kMargin + kTitle + layout.label,
          std::max(60, std::min(240, layout.side())), most);
  canvas.Text(kMargin, kMargin + grid_height, caption);
  return canvas.Write(path);
}

#else

const char* WritePicture(const char*, const std::vector<Panel>&, size_t,
                         const std::vector<std::string>&, const std::string&) {
  return "this build has no libgd to draw with";
}

#endif

}  // namespace attention_map
