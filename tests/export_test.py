#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/export/export.py: what it packs, and what it refuses.

What it packs is compared with PyTorch by exported_test; here are the layout and
bad input. The tests that read a .pt file are skipped without PyTorch.
"""

import contextlib
import io
import os
import re
import struct
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'examples', 'export'))
import export  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

OPTIONS = export.Options('model', 2)
INT8 = export.Options('model', 2, int8=True)


def matrix(rows, columns, first=0):
    return [[float(first + i * columns + j) for j in range(columns)]
            for i in range(rows)]


def attention(prefix='', width=4):
    return {f'{prefix}in_proj_weight': matrix(3 * width, width),
            f'{prefix}in_proj_bias': [0.0] * (3 * width),
            f'{prefix}out_proj.weight': matrix(width, width),
            f'{prefix}out_proj.bias': [0.0] * width}


def layer(prefix='', width=4, hidden=6):
    tensors = attention(f'{prefix}self_attn.', width)
    tensors[f'{prefix}linear1.weight'] = matrix(hidden, width)
    tensors[f'{prefix}linear1.bias'] = [0.0] * hidden
    tensors[f'{prefix}linear2.weight'] = matrix(width, hidden)
    tensors[f'{prefix}linear2.bias'] = [0.0] * width
    for norm in ('norm1', 'norm2'):
        tensors[f'{prefix}{norm}.weight'] = [1.0] * width
        tensors[f'{prefix}{norm}.bias'] = [0.0] * width
    return tensors


def array_of(header, name):
    text = re.search(rf' {name}\[\] = {{(.*?)}};', header, re.S)[1]
    return [float(word[:-1]) for word in re.findall(r'[^\s,]+', text)]


class Packing(unittest.TestCase):
    def test_panels_are_of_sixteen_outputs(self):
        packed = export.panels(matrix(18, 3))
        self.assertEqual(len(packed), 2 * 3 * 16)
        for out in range(18):
            for i in range(3):
                self.assertEqual(packed[out // 16 * 48 + i * 16 + out % 16],
                                 out * 3 + i)
        self.assertEqual(packed[48 + 2:48 + 16], [0.0] * 14)

    def test_literals_are_read_back_as_they_were(self):
        for bits in (0, 1, 0x80000000, 0x00800000, 0x3f800000, 0x3eaaaaab,
                     0x7f7fffff, 0xc1234567, 0x33d6bf95):
            value = struct.unpack('<f', struct.pack('<I', bits))[0]
            text = export.literal(value)
            self.assertRegex(text, r'^-?[\d.]+(e[-+]\d+)?f$')
            self.assertRegex(text, r'[.e]')
            self.assertEqual(struct.pack('<f', float(text[:-1])),
                             struct.pack('<f', value))

    def test_attention_is_cut_into_its_three(self):
        header, _ = export.make(attention(), OPTIONS, False)
        self.assertEqual(array_of(header, 'kQ')[:2], [0, 4])
        self.assertEqual(array_of(header, 'kK')[:2], [16, 20])
        self.assertEqual(array_of(header, 'kV')[:2], [32, 36])
        self.assertIn('kHeadDim = 2;', header)
        self.assertIn('namespace model {', header)

    def test_one_layer_is_a_stack_of_one(self):
        one, _ = export.make(layer(), OPTIONS, False)
        stack, _ = export.make(layer('layers.0.'), OPTIONS, False)
        self.assertEqual(one, stack)
        self.assertIn('kLayers = 1;', one)
        self.assertIn('{nullptr, nullptr, 0.0f}', one)

    def test_one_decoder_layer_is_a_stack_of_one(self):
        def tensors(at):
            return {**layer(at), **attention(f'{at}multihead_attn.'),
                    f'{at}norm3.weight': [1.0] * 4}
        one, _ = export.make(tensors(''), OPTIONS, False)
        self.assertEqual(one, export.make(tensors('layers.0.'), OPTIONS,
                                          False)[0])
        self.assertIn('fovea::TransformerDecoder<Config>', one)
        self.assertIn('{kLayer0MemoryQ, kLayer0MemoryQBias}', one)
        self.assertIn('{kLayer0Norm3, nullptr, 1e-05f}', one)

    def test_a_file_has_each_array_aligned(self):
        header, packed = export.make(attention(), OPTIONS, True)
        self.assertEqual(len(packed) % 64, 0)
        self.assertIn(f'kBytes = {len(packed)};', header)
        # kK, after kQ [4][16] and its bias.
        self.assertIn('{At<float>(bytes, 320), At<float>(bytes, 576)}', header)
        self.assertEqual(struct.unpack_from('<f', packed, 4 * 80)[0], 16)


    def test_int8_panels_are_of_four_inputs(self):
        packed, scales = export.int8_panels(matrix(18, 3, -20))
        self.assertEqual((len(packed), len(scales)), (2 * 16 * 4, 32))
        # Row 17 has 31, 32 and 33.
        self.assertEqual(packed[64 + 4:64 + 8], [119, 123, 127, 0])
        self.assertEqual(scales[17], export.float32(33 / 127))
        # Rows 18 to 31 are none.
        self.assertEqual(packed[64 + 8:], [0] * 56)
        self.assertEqual(scales[18:], [1.0] * 14)

    def test_an_int8_header_says_so(self):
        header, _ = export.make(attention(), INT8, False)
        self.assertIn('using WeightElement = int8_t;', header)
        self.assertIn('inline constexpr int8_t kQ[] = {', header)
        self.assertIn('{kQ, kQScales, kQBias}', header)
        self.assertNotIn('int8_t', export.make(attention(), OPTIONS, False)[0])
        header, packed = export.make(attention(), INT8, True)
        # kK, after kQ [16][4], its scales and its bias.
        self.assertIn('{At<int8_t>(bytes, 192), At<float>(bytes, 256), '
                      'At<float>(bytes, 320)}', header)
        self.assertEqual(struct.unpack_from('<4b', packed, 192),
                         (107, 114, 120, 127))


    def test_a_cache_of_its_own(self):
        for cache, cpp in (('int8', 'int8_t'), ('float16', 'hwy::float16_t')):
            header, _ = export.make(
                attention(), export.Options('model', 2, cache=cache), False)
            self.assertIn(f'using CacheElement = {cpp};', header)
        self.assertNotIn('CacheElement',
                         export.make(attention(), OPTIONS, False)[0])


class Refusing(unittest.TestCase):
    def refuse(self, tensors, words, options=OPTIONS):
        with self.assertRaisesRegex(export.Unsupported, words):
            export.make(tensors, options, False)

    def test_other_layers(self):
        self.refuse({'conv.weight': matrix(2, 2)}, 'conv.weight is no part')
        self.refuse({}, 'no weights')
        self.refuse({**layer('layers.0.'), 'layers.0.gate.weight': [1.0]},
                    r'layers.0.gate.weight is no part')
        self.refuse({**layer('layers.0.'),
                     **attention('layers.0.multihead_attn.')},
                    'layers.0.norm3.weight is missing')
        self.refuse(layer('encoder.layers.0.'), 'each to a header')
        self.refuse({**attention(), 'bias_k': [[[0.0]]]}, 'add_bias_kv')

    def test_shapes_that_do_not_fit(self):
        self.refuse({**attention(), 'out_proj.bias': [0.0]},
                    r'out_proj.bias is \[1\], and should be \[4\]')
        self.refuse(attention(), '4 dims are no 3 heads',
                    export.Options('model', 3))
        self.refuse({**layer('layers.0.'), **layer('layers.1.', hidden=8)},
                    'layers.1 has other dims')
        self.refuse({**attention(), 'in_proj_weight': [1.0]}, 'a matrix')
        tensors = attention()
        del tensors['in_proj_weight']
        for which, columns in (('q', 4), ('k', 3), ('v', 2)):
            tensors[f'{which}_proj_weight'] = matrix(4, columns)
        self.refuse(tensors, 'kdim, vdim')
        tensors = layer('layers.0.')
        del tensors['layers.0.linear2.weight']
        self.refuse(tensors, 'layers.0.linear2.weight is missing')

    def test_values_that_are_none(self):
        self.refuse({**attention(), 'out_proj.bias': [float('nan')] * 4},
                    'a weight of OutBias is nan')
        weights = matrix(4, 4)
        weights[3][2] = float('inf')
        self.refuse({**attention(), 'out_proj.weight': weights},
                    'a weight of Out is inf', INT8)

    def test_an_eps_that_is_none(self):
        for eps in (float('nan'), float('inf'), -1e-5, 1e60):
            self.refuse(layer(), 'eps is', export.Options('model', 2, eps=eps))

    def test_a_cache_that_is_none(self):
        self.refuse(attention(), "'int4' is nothing that a cache stores",
                    export.Options('model', 2, cache='int4'))

    def test_a_name_that_is_none(self):
        self.refuse(attention(), 'no name for a namespace',
                    export.Options('1st', 2))


class Writing(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.directory = held.name
        self.header = self.path('model.h')

    def path(self, name):
        return os.path.join(self.directory, name)

    def test_writes_all_or_nothing(self):
        with open(self.header, 'w', encoding='ascii') as stream:
            stream.write('as it was')
        for binary in (self.path('none/model.bin'), self.directory):
            with self.assertRaises(export.Unsupported):
                export.write_model(attention(), OPTIONS, self.header, binary)
        with self.assertRaises(export.Unsupported):
            export.write_model({'conv': [1.0]}, OPTIONS, self.header)
        with open(self.header, encoding='ascii') as stream:
            self.assertEqual(stream.read(), 'as it was')
        self.assertEqual(os.listdir(self.directory), ['model.h'])

    def run_main(self, *arguments):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            code = export.main(list(arguments))
        return code, errors.getvalue()

    def test_bad_arguments(self):
        for arguments in ([], ['model.pt'], ['model.pt', '--out', self.header],
                          ['m.pt', '--out', self.header, '--heads', '0'],
                          ['m.pt', '--out', self.header, '--heads', '2',
                           '--activation', 'silu']):
            code, errors = self.run_main(*arguments)
            self.assertEqual(code, 1)
            self.assertRegex(errors, r'^export.py: .*\n$')
        self.assertEqual(os.listdir(self.directory), [])

    @unittest.skipIf(torch is None, 'needs PyTorch')
    def test_reads_a_state_dict(self):
        model = torch.nn.ModuleDict({'encoder': torch.nn.TransformerEncoder(
            torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)})
        saved = self.path('model.pt')
        torch.save(model.state_dict(), saved)
        code, errors = self.run_main(saved, '--out', self.header, '--heads',
                                     '2', '--prefix', 'encoder.')
        self.assertEqual((code, errors), (0, ''))
        other = self.path('module.h')
        export.export_module(model['encoder'], other, name='model')
        with open(self.header, encoding='ascii') as one, \
                open(other, encoding='ascii') as two:
            self.assertEqual(one.read(), two.read())

    @unittest.skipIf(torch is None, 'needs PyTorch')
    def test_refuses_what_is_no_state_dict(self):
        saved = self.path('model.pt')
        arguments = (saved, '--out', self.header, '--heads', '2')
        self.assertIn('cannot be read', self.run_main(*arguments)[1])
        with open(saved, 'wb') as stream:
            stream.write(b'nothing that was saved')
        self.assertIn('no state dict', self.run_main(*arguments)[1])
        torch.save(torch.nn.MultiheadAttention(4, 2), saved)
        self.assertIn('no state dict', self.run_main(*arguments)[1])
        torch.save({'in_proj_weight': torch.ones(12, 4, dtype=torch.int8)},
                   saved)
        self.assertIn('only floats', self.run_main(*arguments)[1])
        self.assertEqual(self.run_main(*arguments)[0], 1)
        self.assertEqual(os.listdir(self.directory), ['model.pt'])

    @unittest.skipIf(torch is None, 'needs PyTorch')
    def test_runs_no_code_of_the_file(self):
        made = self.path('made')

        class Made:
            def __reduce__(self):
                return os.mkdir, (made,)

        saved = self.path('model.pt')
        torch.save(Made(), saved)
        code, errors = self.run_main(saved, '--out', self.header, '--heads', '2')
        self.assertEqual(code, 1)
        self.assertIn('no state dict', errors)
        self.assertFalse(os.path.exists(made))

    @unittest.skipIf(torch is None, 'needs PyTorch')
    def test_refuses_modules_that_fovea_lacks(self):
        nn = torch.nn
        plain = {'d_model': 8, 'nhead': 2, 'dim_feedforward': 16,
                 'batch_first': True}
        for module, words in (
                (nn.LSTM(4, 4), 'an LSTM is none of'),
                (nn.Transformer(8, 2, 1, 1, 16, batch_first=True), 'each to a header'),
                (nn.TransformerDecoderLayer(
                    **plain, activation=nn.functional.silu), 'activation'),
                (nn.MultiheadAttention(4, 2, add_zero_attn=True), 'zero'),
                (nn.MultiheadAttention(4, 2, add_bias_kv=True), 'bias_kv'),
                (nn.TransformerEncoderLayer(
                    **plain, activation=nn.functional.silu), 'activation'),
                (nn.TransformerEncoder(nn.TransformerEncoderLayer(**plain), 1,
                                       nn.BatchNorm1d(8)), 'BatchNorm1d')):
            with self.assertRaisesRegex(export.Unsupported, words):
                export.export_module(module, self.header)
        self.assertEqual(os.listdir(self.directory), [])

    @unittest.skipIf(torch is None, 'needs PyTorch')
    def test_writes_the_committed_models(self):
        sys.path.insert(0, os.path.join(HERE, 'golden'))
        import exported
        torch.set_grad_enabled(False)
        self.addCleanup(torch.set_grad_enabled, True)
        exported.write_models(self.directory)
        self.assertEqual(len(os.listdir(self.directory)), 8)
        for name in os.listdir(self.directory):
            with open(self.path(name), 'rb') as made, \
                    open(os.path.join(HERE, 'golden', name), 'rb') as committed:
                self.assertEqual(made.read(), committed.read(), name)


if __name__ == '__main__':
    unittest.main()
