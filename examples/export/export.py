#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs the weights of a PyTorch module into a C++ header for fovea.

    export.py MODEL.pt --heads 8 --out model.h

MODEL.pt is the state dict (torch.save(module.state_dict(), ...)) of an
nn.MultiheadAttention, an nn.TransformerEncoder or an nn.TransformerEncoderLayer;
with --prefix, a part of a larger model's. A state dict does not tell the number
of heads, the activation, nor where the norms stand: say them. From Python,
export_module(module, "model.h") asks the module itself.

The header has a Config, the module's type and its weights, packed as the kernels
read them. With --binary FILE the weights are in FILE instead, for a program that
loads them or a linker that places them. Weights are float32. Nothing is written
unless everything can be.
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
            if 'multihead_attn' in name:
                raise Unsupported(
                    f'{name} is of a decoder, which this program does not pack '
                    '(fovea has it: decoder_layer.h)')
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


@dataclasses.dataclass
class Array:
    name: str
    values: list


class Arrays:
    """The floats of a model, and how C++ refers to each."""

    def __init__(self, in_file):
        self.in_file, self.arrays, self.floats = in_file, [], 0

    def add(self, name, values):
        if values is None:
            return 'nullptr'
        for value in values:
            if not math.isfinite(value):
                raise Unsupported(f'a weight of {name[1:]} is {value}')
        reference = f'at + {self.floats}' if self.in_file else name
        self.arrays.append(Array(name, values))
        self.floats += -(-len(values) // PANEL) * PANEL
        return reference

    def linear(self, name, weight, bias):
        reference = self.add(name, panels(weight))
        return f'{{{reference}, {self.add(f"{name}Bias", bias)}}}'

    def norm(self, name, weight, bias, eps):
        reference = self.add(name, weight)
        return (f'{{{reference}, {self.add(f"{name}Bias", bias)}, '
                f'{literal(eps)}}}')

    def bytes(self):
        packed = b''
        for array in self.arrays:
            packed += struct.pack(f'<{len(array.values)}f', *array.values)
            packed += bytes(-len(packed) % ALIGNMENT)
        return packed


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


def encoder(parameters, options, arrays):
    layers, model, hidden = [], 0, 0
    while parameters.has(f'layers.{len(layers)}.self_attn.in_proj_weight'):
        at, name = f'layers.{len(layers)}.', f'kLayer{len(layers)}'
        width, _, weights = attention(parameters, f'{at}self_attn.', name,
                                      options.heads, arrays)
        inner = parameters.matrix(f'{at}linear1.weight')[0]
        if layers and (width, inner) != (model, hidden):
            raise Unsupported(f'{at[:-1]} has other dims than the first layer')
        model, hidden = width, inner

        def norm(which, cpp):
            # pylint: disable=cell-var-from-loop
            return arrays.norm(
                name + cpp, parameters.take(f'{at}{which}.weight', (model,)),
                parameters.take_if_there(f'{at}{which}.bias', (model,)),
                options.eps)

        def linear(which, cpp, inputs, outputs):
            # pylint: disable=cell-var-from-loop
            return arrays.linear(
                name + cpp,
                parameters.take(f'{at}{which}.weight', (outputs, inputs)),
                parameters.take_if_there(f'{at}{which}.bias', (outputs,)))

        layers.append('{' + ',\n     '.join((
            weights, norm('norm1', 'Norm1'),
            f'{{{linear("linear1", "Up", model, hidden)}, '
            f'{linear("linear2", "Down", hidden, model)}}}',
            norm('norm2', 'Norm2'))) + '}')
    last = '{nullptr, nullptr, 0.0f}'
    if parameters.has('norm.weight'):
        last = arrays.norm('kNorm', parameters.take('norm.weight', (model,)),
                           parameters.take_if_there('norm.bias', (model,)),
                           options.eps)
    parameters.finish('nn.TransformerEncoder')
    config = [('size_t', 'kModelDim', model), ('size_t', 'kHiddenDim', hidden),
              ('size_t', 'kLayers', len(layers)),
              ('fovea::Activation', 'kActivation',
               f'fovea::Activation::{ACTIVATIONS[options.activation]}'),
              ('bool', 'kPreNorm', 'true' if options.pre_norm else 'false')]
    return Model('transformer.h', 'TransformerConfig', config,
                 'TransformerEncoder', layers, last)


def read_model(tensors, options, arrays):
    """tensors: names, and values as nested lists."""
    if 'self_attn.in_proj_weight' in tensors:  # one layer
        tensors = {f'layers.0.{name}': values
                   for name, values in tensors.items()}
    parameters = Parameters(tensors)
    if parameters.has('layers.0.self_attn.in_proj_weight'):
        return encoder(parameters, options, arrays)
    if parameters.has('in_proj_weight') or parameters.has('q_proj_weight'):
        return multi_head(parameters, options, arrays)
    parameters.finish('nn.MultiheadAttention or nn.TransformerEncoder')
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
// Of the file: floats, little-endian, each array at a multiple of 64 bytes.
constexpr size_t kBytes = {bytes};
constexpr uint64_t kChecksum = 0x{checksum:016x}u;

// Weights that point into the file's bytes{and_here}.
struct Weights {{
{members}
}};

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
  const float* at = static_cast<const float*>(bytes);
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
        words = [literal(value) + ',' for value in array.values]
        text += (f'alignas(64) inline constexpr float {array.name}[] = {{\n'
                 f'{wrapped(words, "    ")}\n}};\n')
    if not model.layers:
        return text + f'\nconstexpr Module::Weights kWeights = {model.weights};\n'
    layers = ',\n    '.join(model.layers)
    return (f'{text}\nconstexpr Module::Layer::Weights kLayers[] = {{\n'
            f'    {layers},\n}};\n'
            f'constexpr Module::Weights kWeights = {{kLayers, '
            f'{model.weights}}};\n')


def body_for_file(model, packed):
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
    return '\n'.join(f'  static constexpr {kind} {name} = {value};'
                     for kind, name, value in lines)


def make(tensors, options, in_file):
    """The header's text, and the file's bytes or None."""
    if not re.fullmatch(r'[A-Za-z]\w*', options.name):
        raise Unsupported(f'{options.name!r} is no name for a namespace')
    if not (math.isfinite(float32(options.eps)) and options.eps >= 0):
        raise Unsupported(f'eps is {options.eps}')
    arrays = Arrays(in_file)
    model = read_model(tensors, options, arrays)
    packed = arrays.bytes() if in_file else None
    body = body_for_file(model, packed) if in_file else body_in_header(model,
                                                                       arrays)
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
    """The name of what an nn.TransformerEncoderLayer applies."""
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


def options_of(module, name, max_tokens, causal):
    """What the module knows of itself."""
    from torch import nn
    if isinstance(module, nn.MultiheadAttention):
        if module.add_zero_attn:
            raise Unsupported('fovea has no add_zero_attn')
        return Options(name, module.num_heads, max_tokens=max_tokens,
                       causal=causal)
    layers = (list(module.layers) if isinstance(module, nn.TransformerEncoder)
              else [module])
    norms = [getattr(module, 'norm', None)]
    for layer in layers:
        if not isinstance(layer, nn.TransformerEncoderLayer):
            raise Unsupported(
                f'an {type(layer).__name__} is neither nn.MultiheadAttention '
                'nor nn.TransformerEncoder: this program packs no other')
        norms += [layer.norm1, layer.norm2]
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
        max_tokens, causal)


def name_of(path):
    return re.sub(r'\W', '_', os.path.splitext(os.path.basename(path))[0])


def export_module(module, header, binary=None, name=None, max_tokens=128,
                  causal=False):
    """Writes a module's header (and binary file), as the command does."""
    options = options_of(module, name or name_of(header), max_tokens, causal)
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
                          args.max_tokens, args.causal)
        write_model(load(args.model, args.prefix), options, args.out,
                    args.binary)
    except Unsupported as error:
        print(f'export.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
