#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs the weights of a PyTorch module into a C++ header for fovea.

    export.py MODEL.pt --heads 8 --out model.h

MODEL.pt is the state dict (torch.save(module.state_dict(), ...)) of an
nn.MultiheadAttention, an nn.TransformerEncoder, an nn.TransformerDecoder or a layer
of these; with --prefix, a part of a larger model's. A state dict does not tell the
number of heads, the activation, nor where the norms stand: say them. From Python,
export_module(module, "model.h") asks the module itself.

The header has a Config, the module's type and its weights, packed as the kernels
read them. With --binary FILE the weights are in FILE instead, for a program that
loads them or a linker that places them. Weights are float32; with --int8 those of
linear layers are int8 with a scale for each output, a quarter of the size. Nothing
is written unless everything can be.
"""

import argparse
import dataclasses
import math
import os
import re
import struct
import sys

PANEL = 16
ALIGNMENT = 64  # bytes
MOST_INT8_INPUTS = 65536  # kMostInt8Inputs of fovea/linear_int8.h
CACHES = {'float': 'float', 'bfloat16': 'hwy::bfloat16_t',
          'float16': 'hwy::float16_t', 'int8': 'int8_t'}
ACTIVATIONS = {'relu': 'kRelu', 'gelu': 'kGelu', 'gelu_tanh': 'kGeluTanh'}


class Unsupported(Exception):
    """Something that cannot be packed, and why."""


@dataclasses.dataclass
class Options:
    """What a state dict does not tell."""
    name: str  # of the namespace
    heads: int
    activation: str = 'relu'
    pre_norm: bool = False
    eps: float = 1e-5
    max_tokens: int = 128
    causal: bool = False
    int8: bool = False
    cache: str = 'float'


# ------------------------------------------------------------------ parameters

def shape_of(values):
    """Of nested lists."""
    shape = []
    while isinstance(values, list):
        shape.append(len(values))
        values = values[0] if values else None
    return tuple(shape)


class Parameters:
    """A state dict of nested lists; what nobody takes is an error."""

    def __init__(self, tensors):
        self.left = dict(tensors)

    def has(self, name):
        return name in self.left

    def shape(self, name):
        if name not in self.left:
            raise Unsupported(f'{name} is missing')
        return shape_of(self.left[name])

    def matrix(self, name):
        """Its (rows, columns)."""
        shape = self.shape(name)
        if len(shape) != 2:
            raise Unsupported(f'{name} is {list(shape)}, and should be a matrix')
        return shape

    def take(self, name, shape):
        if self.shape(name) != shape:
            raise Unsupported(f'{name} is {list(self.shape(name))}, and should '
                              f'be {list(shape)}')
        return self.left.pop(name)

    def take_if_there(self, name, shape):
        return self.take(name, shape) if self.has(name) else None

    def finish(self, kind):
        for name in self.left:
            if name.startswith(('encoder.layers.', 'decoder.layers.')):
                raise Unsupported(f'{name}: export the encoder and the decoder '
                                  'each to a header of its own (--prefix)')
            if name.endswith(('bias_k', 'bias_v')):
                raise Unsupported(f'{name}: fovea has no add_bias_kv')
            raise Unsupported(f'{name} is no part of an {kind}: fovea has no '
                              'such layer, or not there')


# --------------------------------------------------------------------- packing

def panels(weight):
    """PyTorch's [out][in] as [out/16][in][16], filled up with zeros."""
    outputs, inputs = shape_of(weight)
    packed = []
    for first in range(0, outputs, PANEL):
        rows = weight[first:first + PANEL]
        for i in range(inputs):
            packed += [row[i] for row in rows]
            packed += [0.0] * (PANEL - len(rows))
    return packed


def quantised_row(row):
    """A scale, and entries from -127 to 127, as PackLinearInt8 makes them. In
    double, products and quotients of two floats lose nothing before they are
    rounded once."""
    most = max([abs(value) for value in row] + [2.0 ** -100])
    inverse = float32(127 / most)
    return float32(most / 127), [round(float32(value * inverse))
                                 for value in row]


def int8_panels(weight):
    """PyTorch's [out][in] as [out/16][in/4][16][4], filled up with zeros, and
    the scales of the outputs."""
    outputs, inputs = shape_of(weight)
    packed, scales = [], []
    for first in range(0, outputs, PANEL):
        rows = [quantised_row(row) for row in weight[first:first + PANEL]]
        rows += [(1.0, [0] * inputs)] * (PANEL - len(rows))
        scales += [scale for scale, _ in rows]
        for i in range(0, inputs, 4):
            for _, row in rows:
                packed += (row[i:i + 4] + [0] * 3)[:4]
    return packed, scales


@dataclasses.dataclass
class Array:
    name: str
    values: list
    type: str  # float or int8_t

    def bytes(self):
        form = {'float': 'f', 'int8_t': 'b'}[self.type]
        packed = struct.pack(f'<{len(self.values)}{form}', *self.values)
        return packed + bytes(-len(packed) % ALIGNMENT)

    def literals(self):
        return map(literal if self.type == 'float' else str, self.values)


class Arrays:
    """The numbers of a model, and how C++ refers to each array of them."""

    def __init__(self, in_file, int8):
        self.in_file, self.int8 = in_file, int8
        self.arrays, self.size = [], 0

    @staticmethod
    def check(name, values):
        for value in values:
            if not math.isfinite(value):
                raise Unsupported(f'a weight of {name[1:]} is {value}')

    def add(self, name, values, kind='float'):
        if values is None:
            return 'nullptr'
        self.check(name, values)
        array = Array(name, values, kind)
        reference = f'At<{kind}>(bytes, {self.size})' if self.in_file else name
        self.arrays.append(array)
        self.size += len(array.bytes())
        return reference

    def linear(self, name, weight, bias):
        if not self.int8:
            parts = [self.add(name, panels(weight))]
        else:
            for row in weight:
                self.check(name, row)
            if shape_of(weight)[1] > MOST_INT8_INPUTS:
                raise Unsupported(f'{name[1:]} has more than '
                                  f'{MOST_INT8_INPUTS} inputs')
            packed, scales = int8_panels(weight)
            parts = [self.add(name, packed, 'int8_t'),
                     self.add(f'{name}Scales', scales)]
        return '{' + ', '.join(parts + [self.add(f'{name}Bias', bias)]) + '}'

    def norm(self, name, weight, bias, eps):
        reference = self.add(name, weight)
        return (f'{{{reference}, {self.add(f"{name}Bias", bias)}, '
                f'{literal(eps)}}}')

    def bytes(self):
        return b''.join(array.bytes() for array in self.arrays)


def float32(value):
    try:
        return struct.unpack('<f', struct.pack('<f', value))[0]
    except OverflowError:
        return math.inf


def literal(value):
    """The shortest literal that is read back as this float32."""
    value = float32(value)
    for digits in range(1, 10):
        text = f'{value:.{digits}g}'
        if float32(float(text)) == value:
            break
    return text + ('f' if re.search(r'[.e]', text) else '.0f')


# ---------------------------------------------------------------------- models

def attention(parameters, prefix, name, heads, arrays):
    """The weights of one nn.MultiheadAttention; (model_dim, memory_dim, C++)."""
    packed = parameters.has(f'{prefix}in_proj_weight')
    if packed:
        model = memory = parameters.matrix(f'{prefix}in_proj_weight')[1]
        whole = parameters.take(f'{prefix}in_proj_weight', (3 * model, model))
        weights = [whole[i * model:(i + 1) * model] for i in range(3)]
    else:
        model = parameters.matrix(f'{prefix}q_proj_weight')[1]
        memory = parameters.matrix(f'{prefix}k_proj_weight')[1]
        if parameters.matrix(f'{prefix}v_proj_weight')[1] != memory:
            raise Unsupported('keys and values come from rows of different '
                              'lengths (kdim, vdim): fovea has one memory')
        weights = [parameters.take(f'{prefix}{which}_proj_weight',
                                   (model, model if which == 'q' else memory))
                   for which in 'qkv']
    if model % heads or not 1 <= model // heads <= 256:
        raise Unsupported(f'{model} dims are no {heads} heads of 1 to 256')
    bias = parameters.take_if_there(f'{prefix}in_proj_bias', (3 * model,))
    parts = []
    for i, which in enumerate('QKV'):
        of_part = bias and bias[i * model:(i + 1) * model]
        parts.append(arrays.linear(f'{name}{which}', weights[i], of_part))
    parts.append(arrays.linear(
        f'{name}Out',
        parameters.take(f'{prefix}out_proj.weight', (model, model)),
        parameters.take_if_there(f'{prefix}out_proj.bias', (model,))))
    return model, memory, '{' + ', '.join(parts + ['nullptr']) + '}'


@dataclasses.dataclass
class Model:
    include: str
    base: str  # of the config
    config: list  # (type, name, value)
    type: str
    layers: list  # the C++ of each layer's weights
    weights: str  # what the module takes; of a stack, without its layers


def multi_head(parameters, options, arrays):
    model, memory, weights = attention(parameters, '', 'k', options.heads,
                                       arrays)
    parameters.finish('nn.MultiheadAttention')
    config = [('size_t', 'kModelDim', model)]
    if memory != model:
        config.append(('size_t', 'kMemoryDim', memory))
    return Model('multi_head.h', 'MultiHeadConfig', config,
                 'MultiHeadAttention', [], weights)


class LayerParts:
    """The parts of one layer of a stack, named as PyTorch and C++ do."""

    def __init__(self, parameters, options, arrays, index):
        self.parameters, self.options, self.arrays = parameters, options, arrays
        self.at, self.name = f'layers.{index}.', f'kLayer{index}'
        self.model = 0
        self.hidden = parameters.matrix(f'{self.at}linear1.weight')[0]

    def attention(self, which, name=''):
        self.model, _, weights = attention(
            self.parameters, f'{self.at}{which}.', self.name + name,
            self.options.heads, self.arrays)
        return weights

    def vector(self, which, size):
        return self.parameters.take_if_there(self.at + which, (size,))

    def norm(self, which):
        weight = self.parameters.take(f'{self.at}norm{which}.weight',
                                      (self.model,))
        return self.arrays.norm(f'{self.name}Norm{which}', weight,
                                self.vector(f'norm{which}.bias', self.model),
                                self.options.eps)

    def linear(self, which, name, inputs, outputs):
        weight = self.parameters.take(f'{self.at}{which}.weight',
                                      (outputs, inputs))
        return self.arrays.linear(self.name + name, weight,
                                  self.vector(f'{which}.bias', outputs))

    def feed_forward(self):
        up = self.linear('linear1', 'Up', self.model, self.hidden)
        return f'{{{up}, {self.linear("linear2", "Down", self.hidden, self.model)}}}'


def encoder_layer(parts):
    return (parts.attention('self_attn'), parts.norm(1),
            parts.feed_forward(), parts.norm(2))


def decoder_layer(parts):
    return (parts.attention('self_attn'), parts.norm(1),
            parts.attention('multihead_attn', 'Memory'), parts.norm(2),
            parts.feed_forward(), parts.norm(3))


def stack(parameters, options, arrays, kind, layer_of):
    layers, model, hidden = [], 0, 0
    while parameters.has(f'layers.{len(layers)}.self_attn.in_proj_weight'):
        parts = LayerParts(parameters, options, arrays, len(layers))
        layers.append('{' + ',\n     '.join(layer_of(parts)) + '}')
        if len(layers) > 1 and (parts.model, parts.hidden) != (model, hidden):
            raise Unsupported(
                f'{parts.at[:-1]} has other dims than the first layer')
        model, hidden = parts.model, parts.hidden
    last = '{nullptr, nullptr, 0.0f}'
    if parameters.has('norm.weight'):
        last = arrays.norm('kNorm', parameters.take('norm.weight', (model,)),
                           parameters.take_if_there('norm.bias', (model,)),
                           options.eps)
    parameters.finish(f'nn.{kind}')
    config = [('size_t', 'kModelDim', model), ('size_t', 'kHiddenDim', hidden),
              ('size_t', 'kLayers', len(layers)),
              ('fovea::Activation', 'kActivation',
               f'fovea::Activation::{ACTIVATIONS[options.activation]}'),
              ('bool', 'kPreNorm', 'true' if options.pre_norm else 'false')]
    return Model('transformer.h', 'TransformerConfig', config, kind, layers,
                 last)


def read_model(tensors, options, arrays):
    """tensors: names, and values as nested lists."""
    if 'self_attn.in_proj_weight' in tensors:  # one layer
        tensors = {f'layers.0.{name}': values
                   for name, values in tensors.items()}
    parameters = Parameters(tensors)
    if parameters.has('layers.0.multihead_attn.in_proj_weight'):
        return stack(parameters, options, arrays, 'TransformerDecoder',
                     decoder_layer)
    if parameters.has('layers.0.self_attn.in_proj_weight'):
        return stack(parameters, options, arrays, 'TransformerEncoder',
                     encoder_layer)
    if parameters.has('in_proj_weight') or parameters.has('q_proj_weight'):
        return multi_head(parameters, options, arrays)
    parameters.finish('nn.MultiheadAttention, nn.TransformerEncoder or '
                      'nn.TransformerDecoder')
    raise Unsupported('there are no weights in it')


# ---------------------------------------------------------------------- header

HEADER = '''\
// Written by examples/export/export.py; do not edit.
// clang-format off
#ifndef {guard}
#define {guard}

#include <stddef.h>
#include <stdint.h>

#include "fovea/{include}"

namespace {name} {{

struct Config : fovea::{base} {{
{config}
}};
using Module = fovea::{type}<Config>;

{body}
}}  // namespace {name}

#endif  // {guard}
'''

OPEN = '''\
// Of the file: {of_what}, little-endian, each array at a multiple of 64 bytes.
constexpr size_t kBytes = {bytes};
constexpr uint64_t kChecksum = 0x{checksum:016x}u;

// Weights that point into the file's bytes{and_here}.
struct Weights {{
{members}
}};

template <class T>
const T* At(const void* bytes, size_t offset) noexcept {{
  return reinterpret_cast<const T*>(static_cast<const char*>(bytes) + offset);
}}

// Checks the file's `size` bytes, which stay where they are, 64-byte aligned, as
// long as the weights are used.  kNullPointer, kMisaligned, kTooShort,
// kBadFormat (not these weights, or damaged); then `to` is as it was.
inline fovea::Status Open(const void* bytes, size_t size, Weights& to) noexcept {{
  if (bytes == nullptr) return fovea::Status::kNullPointer;
  if (reinterpret_cast<uintptr_t>(bytes) % 64 != 0) return fovea::Status::kMisaligned;
  if (size < kBytes) return fovea::Status::kTooShort;
  const unsigned char* byte = static_cast<const unsigned char*>(bytes);
  uint64_t sum = 0xcbf29ce484222325u;  // FNV-1a
  for (size_t i = 0; i < kBytes; ++i) sum = (sum ^ byte[i]) * 0x100000001b3u;
  if (size > kBytes || sum != kChecksum) return fovea::Status::kBadFormat;
{assignments}
  return fovea::Status::kOk;
}}
'''


def checksum(packed):
    value = 0xcbf29ce484222325
    for byte in packed:
        value = (value ^ byte) * 0x100000001b3 & ((1 << 64) - 1)
    return value


def wrapped(words, indent, width=80):
    lines, line = [], indent
    for word in words:
        if len(line) + len(word) + 1 > width:
            lines.append(line.rstrip())
            line = indent
        line += word + ' '
    return '\n'.join(lines + [line.rstrip()])


def body_in_header(model, arrays):
    text = ''
    for array in arrays.arrays:
        words = [value + ',' for value in array.literals()]
        text += (f'alignas(64) inline constexpr {array.type} {array.name}[] = {{\n'
                 f'{wrapped(words, "    ")}\n}};\n')
    if not model.layers:
        return text + f'\nconstexpr Module::Weights kWeights = {model.weights};\n'
    layers = ',\n    '.join(model.layers)
    return (f'{text}\nconstexpr Module::Layer::Weights kLayers[] = {{\n'
            f'    {layers},\n}};\n'
            f'constexpr Module::Weights kWeights = {{kLayers, '
            f'{model.weights}}};\n')


def body_for_file(model, packed, int8):
    members = '  Module::Weights module;'
    assignments = f'  to.module = {model.weights};'
    if model.layers:
        members += f'\n  Module::Layer::Weights layers[{len(model.layers)}];'
        layers = [f'  to.layers[{i}] = {layer};'
                  for i, layer in enumerate(model.layers)]
        assignments = '\n'.join(
            layers + [f'  to.module = {{to.layers, {model.weights}}};'])
    return OPEN.format(
        bytes=len(packed), checksum=checksum(packed), members=members,
        assignments=assignments,
        of_what='int8 and floats' if int8 else 'floats',
        and_here=', and to each other: not to be copied' if model.layers else '')


def config_lines(model, options):
    lines = model.config + [
        ('size_t', 'kHeads', options.heads),
        ('size_t', 'kHeadDim', dict((n, v) for _, n, v in model.config)
         ['kModelDim'] // options.heads),
        ('size_t', 'kMaxQueries', options.max_tokens),
        ('size_t', 'kMaxKeys', options.max_tokens)]
    if options.causal:
        lines.append(('bool', 'kCausal', 'true'))
    text = [f'  static constexpr {kind} {name} = {value};'
            for kind, name, value in lines]
    if options.int8:
        text.append('  using WeightElement = int8_t;')
    if options.cache != 'float':
        text.append(f'  using CacheElement = {CACHES[options.cache]};')
    return '\n'.join(text)


def make(tensors, options, in_file):
    """The header's text, and the file's bytes or None."""
    if not re.fullmatch(r'[A-Za-z]\w*', options.name):
        raise Unsupported(f'{options.name!r} is no name for a namespace')
    if options.cache not in CACHES:
        raise Unsupported(f'{options.cache!r} is nothing that a cache stores: '
                          f'{", ".join(CACHES)}')
    if not (math.isfinite(float32(options.eps)) and options.eps >= 0):
        raise Unsupported(f'eps is {options.eps}')
    arrays = Arrays(in_file, options.int8)
    model = read_model(tensors, options, arrays)
    packed = arrays.bytes() if in_file else None
    if in_file:
        body = body_for_file(model, packed, options.int8)
    else:
        body = body_in_header(model, arrays)
    return HEADER.format(
        guard=f'{options.name.upper()}_H_', include=model.include,
        name=options.name, base=model.base, type=model.type, body=body,
        config=config_lines(model, options)), packed


def write_all(files):
    """files: (path, bytes) pairs. Beside each first, so that all or none is."""
    done = []
    try:
        for path, content in files:
            done.append((f'{path}.part', path))
            with open(f'{path}.part', 'wb') as stream:
                stream.write(content)
        for part, path in done:
            if os.path.isdir(path):
                raise Unsupported(f'{path} is a directory')
        for part, path in done:
            os.replace(part, path)
    except OSError as error:
        raise Unsupported(
            f'{error.filename} cannot be written: {error.strerror}') from error
    finally:
        for part, _ in done:
            if os.path.exists(part):
                os.remove(part)


def write_model(tensors, options, header, binary=None):
    text, packed = make(tensors, options, binary is not None)
    files = [(header, text.encode())]
    if binary is not None:
        files.append((binary, packed))
    write_all(files)


# --------------------------------------------------------------------- PyTorch

def lists_of(state, prefix=''):
    """A state dict of tensors as one of lists; float32 is what is kept."""
    tensors = {}
    for name, tensor in state.items():
        if not name.startswith(prefix):
            continue
        if not tensor.is_floating_point():
            raise Unsupported(f'{name} is {tensor.dtype}: only floats can be '
                              'packed')
        tensors[name[len(prefix):]] = tensor.detach().float().cpu().tolist()
    return tensors


def activation_of(layer):
    """The name of what a layer's feed-forward applies."""
    from torch import nn
    from torch.nn import functional
    applied = layer.activation
    if applied is functional.relu or isinstance(applied, nn.ReLU):
        return 'relu'
    if applied is functional.gelu:
        return 'gelu'
    if isinstance(applied, nn.GELU):
        return 'gelu' if applied.approximate == 'none' else 'gelu_tanh'
    raise Unsupported(f'the activation is {applied}: fovea has ReLU and both '
                      'GELUs here')


def only_one(what, values):
    if len(set(values)) != 1:
        raise Unsupported(f'{what} differs between layers: {sorted(values)}')
    return values[0]


def options_of(module, name, **chosen):
    """What the module knows of itself."""
    from torch import nn
    if isinstance(module, nn.MultiheadAttention):
        if module.add_zero_attn:
            raise Unsupported('fovea has no add_zero_attn')
        return Options(name, module.num_heads, **chosen)
    if isinstance(module, nn.Transformer):
        raise Unsupported('export .encoder and .decoder of an nn.Transformer '
                          'each to a header of its own')
    is_stack = isinstance(module, (nn.TransformerEncoder,
                                   nn.TransformerDecoder))
    layers = list(module.layers) if is_stack else [module]
    norms = [getattr(module, 'norm', None)]
    for layer in layers:
        if not isinstance(layer, (nn.TransformerEncoderLayer,
                                  nn.TransformerDecoderLayer)):
            raise Unsupported(
                f'an {type(layer).__name__} is none of nn.MultiheadAttention, '
                'nn.TransformerEncoder and nn.TransformerDecoder: this program '
                'packs no other')
        norms += [layer.norm1, layer.norm2, getattr(layer, 'norm3', None)]
    for norm in norms:
        if norm is not None and not isinstance(norm, nn.LayerNorm):
            raise Unsupported(f'a norm is an {type(norm).__name__}, and should '
                              'be nn.LayerNorm')
    return Options(
        name, only_one('the number of heads',
                       [layer.self_attn.num_heads for layer in layers]),
        only_one('the activation', [activation_of(layer) for layer in layers]),
        only_one('norm_first', [layer.norm_first for layer in layers]),
        only_one('eps', [norm.eps for norm in norms if norm is not None]),
        **chosen)


def name_of(path):
    return re.sub(r'\W', '_', os.path.splitext(os.path.basename(path))[0])


def export_module(module, header, binary=None, name=None, **chosen):
    """Writes a module's header (and binary file), as the command does.

    chosen: max_tokens, causal, int8 and cache, as Options has them.
    """
    options = options_of(module, name or name_of(header), **chosen)
    write_model(lists_of(module.state_dict()), options, header, binary)


def load(path, prefix):
    try:
        import torch
    except ImportError as error:
        raise Unsupported('needs PyTorch, to read the file') from error
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except OSError as error:
        raise Unsupported(f'{path} cannot be read: {error.strerror}') from error
    except Exception as error:  # whatever the bytes make of the reader
        raise Unsupported(f'{path} is no state dict: save '
                          'module.state_dict()') from error
    if not isinstance(state, dict) or not all(
            isinstance(value, torch.Tensor) for value in state.values()):
        raise Unsupported(f'{path} is no state dict: save module.state_dict()')
    tensors = lists_of(state, prefix)
    if not tensors:
        raise Unsupported(f'{path} has nothing that begins with {prefix!r}')
    return tensors


# --------------------------------------------------------------------- command

class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Unsupported(f'{message} (see --help)')


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parse(arguments):
    parser = Parser(prog='export.py', description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', metavar='MODEL.pt')
    parser.add_argument('--out', required=True, metavar='HEADER')
    parser.add_argument('--binary', metavar='FILE', help='for the weights')
    parser.add_argument('--heads', type=positive, required=True)
    parser.add_argument('--activation', choices=sorted(ACTIVATIONS),
                        default='relu', help='default: relu')
    parser.add_argument('--norm-first', action='store_true',
                        help='norms stand before their branches')
    parser.add_argument('--eps', type=float, default=1e-5,
                        help='of the norms; default: 1e-5')
    parser.add_argument('--causal', action='store_true')
    parser.add_argument('--int8', action='store_true',
                        help='weights of linear layers as int8')
    parser.add_argument('--cache', choices=sorted(CACHES), default='float',
                        help='what a cache of the module stores; '
                        'default: float')
    parser.add_argument('--max-tokens', type=positive, default=128,
                        help='of one call, and of the keys; default: 128')
    parser.add_argument('--name', help="the namespace; default: the header's")
    parser.add_argument('--prefix', default='',
                        help='of the names in MODEL.pt, such as encoder.')
    return parser.parse_args(arguments)


def main(arguments=None):
    try:
        args = parse(arguments)
        options = Options(args.name or name_of(args.out), args.heads,
                          args.activation, args.norm_first, args.eps,
                          args.max_tokens, args.causal, args.int8,
                          args.cache)
        write_model(load(args.model, args.prefix), options, args.out,
                    args.binary)
    except Unsupported as error:
        print(f'export.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
