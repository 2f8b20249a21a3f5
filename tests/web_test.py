#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page examples/web in headless Chromium, against the program tinylm.

    python3 web_test.py --site DIRECTORY --tinylm PROGRAM [--screenshots DIRECTORY]

PROGRAM is tinylm compiled for a target without fused multiply-add: the hash class of
WebAssembly.  It is given the page's own weights.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import unittest

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'examples' / 'web'))
import serve  # noqa: E402

MOST_BYTES = 2_000_000
PATIENCE = 60  # seconds; machines that test are busy
PHONE_WIDTH = 360

args = None
address = None


def browser():
    options = webdriver.ChromeOptions()
    for argument in ('--headless=new', '--no-first-run', '--window-size=1100,1000',
                     '--force-device-scale-factor=1', '--disable-background-networking',
                     '--disable-component-update', '--disable-dev-shm-usage',
                     '--hide-scrollbars'):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument('--no-sandbox')  # Chromium has none for root
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    driver = webdriver.Chrome(service=Service(shutil.which('chromedriver')), options=options)
    driver.set_page_load_timeout(PATIENCE)
    return driver


def tinylms_text(prompt, tokens, seed, temperature='0.7'):
    """What the program writes before its statistics, as a page decodes it."""
    done = subprocess.run(
        [args.tinylm, '--weights', args.site / 'tinylm.bin', '--prompt', prompt, '--tokens',
         str(tokens), '--seed', str(seed), '--temperature', temperature],
        stdout=subprocess.PIPE, check=True)
    return done.stdout[: len(prompt.encode()) + tokens].decode(errors='replace')


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = browser()

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()

    def setUp(self):
        self.driver.get(address)
        self.wait_for_state('ready')

    def tearDown(self):
        self.assertEqual(self.driver.get_log('browser'), [])

    # ------------------------------------------------------------------- helpers

    def find(self, name):
        return self.driver.find_element(By.ID, name)

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def text(self):
        return self.js("return document.getElementById('text').textContent")

    def state(self):
        return self.js('return document.body.dataset.state')

    def wait(self, condition, what):
        WebDriverWait(self.driver, PATIENCE, 0.05).until(lambda _: condition(), what)

    def wait_for_state(self, state):
        self.wait(lambda: self.state() == state, f'state {state}')

    def fill(self, name, value):
        # As a paste does: selenium cannot type every character.
        self.js("""const field = document.getElementById(arguments[0]);
                   field.value = arguments[1];
                   field.dispatchEvent(new Event('input', {bubbles: true}));
                   field.dispatchEvent(new Event('change', {bubbles: true}));""", name, value)

    def write(self, prompt='ROMEO:\n', tokens=40, seed=1, pace='0'):
        for name, value in (('prompt', prompt), ('tokens', str(tokens)), ('seed', str(seed)),
                            ('pace', pace)):
            self.fill(name, value)
        self.find('write').click()

    def write_all(self, *arguments, **options):
        self.write(*arguments, **options)
        self.wait_for_state('done')

    def picture(self, name='map'):
        return self.js('return document.getElementById(arguments[0]).toDataURL()', name)

    def rows_painted(self):
        """Rows of the map with a colour at their first column."""
        return self.js("""
            const canvas = document.getElementById('map');
            const rows = 16, margin = Math.round(canvas.width / (rows + 1));
            const cell = (canvas.width - margin) / rows;
            // Of a copy: reading would change how the browser keeps the page's own.
            const copy = new OffscreenCanvas(canvas.width, canvas.height);
            const pen = copy.getContext('2d', {willReadFrequently: true});
            pen.drawImage(canvas, 0, 0);
            let painted = 0;
            for (let row = 0; row < rows; ++row) {
              const y = Math.floor(margin + (row + 0.5) * cell);
              painted += pen.getImageData(Math.floor(margin + cell / 2), y, 1, 1).data[3] > 0;
            }
            return painted;""")

    def overflow(self):
        return self.js("""const page = document.documentElement;
                          return page.scrollWidth - page.clientWidth;""")

    def emulate(self, scheme='light', width=0, mobile=False):
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {
            'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
        if width:
            self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
                'width': width, 'height': 780, 'deviceScaleFactor': 2, 'mobile': mobile})
        else:
            self.driver.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})

    # --------------------------------------------------------------------- tests

    def test_the_text_is_the_terminals(self):
        for prompt, tokens, seed in (
            ('ROMEO:\n', 400, 1),  # over the context's end
            ('To be, or not to be', 120, 18446744073709551615),
            ('O\u00f9 est l\u2019\u00c9toile? \U0001f319\n', 60, 2),
            ('x' * 255, 20, 5),
        ):
            with self.subTest(prompt=prompt, seed=seed):
                self.write_all(prompt, tokens, seed)
                self.assertEqual(self.text(), tinylms_text(prompt, tokens, seed))
        self.fill('temperature', '1.25')
        self.write_all(tokens=100)
        self.assertEqual(self.text(), tinylms_text('ROMEO:\n', 100, 1, '1.25'))

    def test_text_and_map_grow_with_each_token(self):
        before = self.picture()
        thumbnail = self.picture('thumbnail-3-3')
        self.fill('tokens', '3')
        self.find('step').click()
        seen = []
        for tokens in range(1, 4):
            self.wait(lambda: len(self.text()) == 7 + tokens, f'{tokens} tokens')
            self.assertEqual(self.rows_painted(), 7 + tokens)
            seen.append(self.picture())
            if tokens < 3:
                self.find('step').click()
        self.assertEqual(len({before, *seen}), 4)
        self.assertNotEqual(self.picture('thumbnail-3-3'), thumbnail)
        self.assertEqual(self.text(), tinylms_text('ROMEO:\n', 3, 1))

    def test_text_streams_at_its_pace_and_pauses(self):
        self.write(tokens=400, pace='30')
        self.wait(lambda: len(self.text()) > 12, 'some text')
        self.find('pause').click()
        self.wait_for_state('paused')
        shown = self.text()
        self.assertLess(len(shown), 407)
        time.sleep(0.3)
        self.assertEqual(self.text(), shown)
        self.fill('pace', '0')
        self.find('pause').click()
        self.wait_for_state('done')
        self.assertEqual(self.text(), tinylms_text('ROMEO:\n', 400, 1))

    def test_every_head_has_a_map(self):
        self.write_all()
        pictures = set()
        for radio in self.driver.find_elements(By.NAME, 'head'):
            radio.click()
            layer, head = radio.get_attribute('value').split('-')
            self.assertEqual(self.find('head-name').text, f'layer {layer}, head {head}')
            pictures.add(self.picture())
        self.assertEqual(len(pictures), 16)

    def shares(self):
        return [float(item.text.split()[-2])
                for item in self.driver.find_elements(By.CSS_SELECTOR, '#readout-list li')]

    def test_pointing_shows_the_weights_of_a_token(self):
        self.write_all('To be, or not', 3)
        following = self.picture()
        # The row of byte 12, the prompt's last, and the column of byte 3.
        canvas = self.find('map')
        side = canvas.size['width']
        cell = side / 17
        self.js("arguments[0].scrollIntoView({block: 'center'})", canvas)
        ActionChains(self.driver).move_to_element_with_offset(
            canvas, int(4.5 * cell - side / 2), int(13.5 * cell - side / 2)).perform()
        self.assertIn('\u201ct\u201d, byte 12, looks at', self.find('readout-title').text)
        self.assertRegex(self.find('readout-key').text, '\u201cb\u201d, byte 3: [0-9.]+ %')
        self.assertNotEqual(self.picture(), following)
        shares = self.shares()
        self.assertEqual(len(shares), 5)
        self.assertEqual(shares, sorted(shares, reverse=True))
        self.assertLessEqual(sum(shares), 100.5)
        self.assertGreater(shares[0], 0)
        # A character of the text does the same.
        letter = self.driver.find_elements(By.CSS_SELECTOR, '#text span')[4]
        ActionChains(self.driver).move_to_element(letter).perform()
        self.assertIn('\u201ce\u201d, byte 4, looks at', self.find('readout-title').text)
        self.assertEqual(letter.get_attribute('class'), 'prompt query')
        # Elsewhere it is the newest byte again.
        ActionChains(self.driver).move_to_element(self.find('seed')).perform()
        self.assertIn('byte 15, looks at', self.find('readout-title').text)

    def test_works_from_a_keyboard(self):
        prompt = self.find('prompt')
        prompt.click()
        prompt.send_keys(Keys.CONTROL, 'a')
        prompt.send_keys('JULIET:')
        self.fill('tokens', '5')
        self.fill('pace', '0')
        prompt.send_keys(Keys.CONTROL, Keys.ENTER)
        self.wait_for_state('done')
        self.assertEqual(self.text(), tinylms_text('JULIET:', 5, 1))
        radio = self.driver.find_elements(By.NAME, 'head')[0]
        radio.send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.find('head-name').text, 'layer 0, head 1')
        canvas = self.find('map')
        canvas.send_keys(Keys.HOME)
        self.assertIn('\u201cJ\u201d, byte 0', self.find('readout-title').text)
        self.assertEqual(self.shares(), [100.0])
        canvas.send_keys(Keys.ARROW_DOWN, Keys.ARROW_LEFT)
        self.assertIn('\u201cU\u201d, byte 1', self.find('readout-title').text)
        self.assertIn('\u201cJ\u201d, byte 0:', self.find('readout-key').text)
        self.assertIn('byte 1', self.js(
            "return document.getElementById('announcer').textContent"))
        canvas.send_keys(Keys.ESCAPE)
        self.assertIn('byte 11', self.find('readout-title').text)
        # Everything that can be used can be reached, and has a name.
        unnamed = self.js("""
            const all = document.querySelectorAll('button, input, select, textarea, [tabindex]');
            return Array.from(all, (e) => e).filter((e) => e.tabIndex < 0 || !(
              e.labels?.length || e.ariaLabel || e.textContent.trim() ||
              e.getAttribute('aria-labelledby'))).map((e) => e.id);""")
        self.assertEqual(unnamed, [])

    def test_bad_input_is_said_and_changes_nothing(self):
        self.write_all(tokens=20)
        text, picture = self.text(), self.picture()
        for name, value, message in (
            ('prompt', '', 'The prompt is empty'),
            ('prompt', 'x' * 256, 'The prompt has 256 bytes'),
            ('prompt', '\u00e9' * 128, 'The prompt has 256 bytes'),
            ('tokens', '0', 'from 1 to 2000'),
            ('tokens', '2001', 'from 1 to 2000'),
            ('tokens', 'many', 'from 1 to 2000'),
            ('seed', '-1', 'from 0 to 18446744073709551615'),
            ('seed', '18446744073709551616', 'from 0 to 18446744073709551615'),
            ('temperature', '0', 'from 0.01 to 10'),
            ('temperature', '10.01', 'from 0.01 to 10'),
            ('temperature', 'warm', 'from 0.01 to 10'),
        ):
            with self.subTest(name=name, value=value):
                good = self.find(name).get_property('value')
                self.fill(name, value)
                self.expect_refused(name, message, text, picture)
                self.fill(name, good)
        # Half of a pair of UTF-16, which no driver can send.
        self.js("document.getElementById('prompt').value = 'a' + String.fromCharCode(0xd83c)")
        self.expect_refused('prompt', 'lone surrogate', text, picture)
        self.write_all(tokens=20)
        self.assertEqual(self.find('error').text, '')
        self.assertIsNone(self.find('prompt').get_attribute('aria-invalid'))
        self.assertEqual(self.text(), text)

    def expect_refused(self, name, message, text, picture):
        for button in 'write', 'step':
            self.find(button).click()
            self.assertIn(message, self.find('error').text)
            self.assertEqual(self.find(name).get_attribute('aria-invalid'), 'true')
            self.assertEqual(self.driver.switch_to.active_element.get_attribute('id'), name)
            self.assertEqual(self.state(), 'done')
            self.assertEqual(self.text(), text)
            self.assertEqual(self.picture(), picture)

    def test_speed_and_memory_are_shown(self):
        self.write_all(tokens=200)
        self.assertRegex(self.find('speed').text, '^[1-9][0-9,]* bytes a second$')
        self.assertEqual(self.find('weights-bytes').text, '3.28 MB as float32')
        self.assertRegex(self.find('memory-bytes').text, '^1[0-9][.][0-9]+ MB, fixed$')
        for name in 'download', 'cache-bytes', 'workspace-bytes', 'map-bytes':
            self.assertRegex(self.find(name).text, '^[0-9.]+ [kM]B', name)

    def test_dark_and_light_differ_and_switch_at_once(self):
        self.write_all()
        light = self.picture()
        background = "return getComputedStyle(document.body).backgroundColor"
        page = self.js(background)
        self.emulate('dark')
        try:
            self.wait(lambda: self.picture() != light, 'a dark map')
            self.assertNotEqual(self.js(background), page)
        finally:
            self.emulate('light')
        self.wait(lambda: self.picture() == light, 'a light map')

    def test_a_phone_scrolls_down_only(self):
        self.assertLessEqual(self.overflow(), 0)
        self.emulate(width=PHONE_WIDTH, mobile=True)
        try:
            self.write_all('x' * 255, 40)
            self.assertEqual(self.js('return innerWidth'), PHONE_WIDTH)
            self.assertLessEqual(self.overflow(), 0)
        finally:
            self.emulate()

    def test_everything_comes_from_here(self):
        names = self.js("""return performance.getEntriesByType('resource').map((e) => e.name)""")
        self.assertGreaterEqual(len(names), 8)
        for name in names:
            self.assertTrue(name.startswith(address), name)


class DamageTest(unittest.TestCase):
    """A page whose weights do not arrive as they were sent."""

    def load(self, intercept):
        driver = browser()
        try:
            driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': f"""
                const original = fetch;
                window.fetch = async (url) => {{
                  if (url !== 'tinylm.bin') return original(url);
                  {intercept}
                }};"""})
            driver.get(address)
            WebDriverWait(driver, PATIENCE, 0.05).until(
                lambda _: driver.execute_script('return document.body.dataset.state') == 'failed')
            self.assertFalse(driver.find_element(By.ID, 'write').is_enabled())
            return driver.find_element(By.ID, 'error').text
        finally:
            driver.quit()

    def test_damaged_weights_are_refused(self):
        self.assertIn('corrupt', self.load("""
            const bytes = new Uint8Array(await (await original(url)).arrayBuffer());
            bytes[5000] ^= 1;
            return new Response(bytes);"""))

    def test_missing_weights_are_named(self):
        self.assertIn('tinylm.bin: 404', self.load(
            "return new Response('', {status: 404});"))


class SiteTest(unittest.TestCase):
    def test_is_small(self):
        sizes = {path.name: path.stat().st_size for path in args.site.iterdir()}
        self.assertIn('tinylm.wasm', sizes)
        self.assertLessEqual(sum(sizes.values()), MOST_BYTES, sizes)

    def test_a_taken_port_is_named(self):
        port = address.rsplit(':', 1)[1].strip('/')
        done = subprocess.run(
            [sys.executable, ROOT / 'examples' / 'web' / 'serve.py', args.site, '--port', port],
            stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (1, f'serve: port {port} is taken: name another with --port\n'))

    def test_wrong_ports_are_refused(self):
        for port in '0', '65536', 'http', '-1':
            done = subprocess.run(
                [sys.executable, ROOT / 'examples' / 'web' / 'serve.py', args.site,
                 f'--port={port}'], stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r'^serve: .*not a number from 1 to 65535\n$')


def take_screenshots(directory):
    """web.png and web_dark.png, with a head that looks far back from its last space."""
    driver = browser()
    page = PageTest()
    page.driver = driver
    try:
        for scheme, name in (('light', 'web.png'), ('dark', 'web_dark.png')):
            driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {
                'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
            driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
                'width': 1000, 'height': 1265, 'deviceScaleFactor': 1, 'mobile': False})
            driver.get(address)
            page.wait_for_state('ready')
            page.write_all('To be, or not to be', 13)
            driver.find_elements(By.NAME, 'head')[6].click()
            page.find('map').send_keys(Keys.ARROW_UP)
            driver.execute_script('document.activeElement.blur(); scrollTo(0, 0)')
            driver.save_screenshot(str(directory / name))
    finally:
        driver.quit()


def main():
    global args, address
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--site', type=pathlib.Path, required=True)
    parser.add_argument('--tinylm', type=pathlib.Path, required=True)
    parser.add_argument('--screenshots', type=pathlib.Path, help='draw them, test nothing')
    parser.add_argument('tests', nargs='*', help='as unittest names them; all by default')
    args = parser.parse_args()
    args.tinylm = args.tinylm.resolve()
    server = serve.server(args.site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f'http://127.0.0.1:{server.server_address[1]}/'
    if args.screenshots:
        take_screenshots(args.screenshots)
    else:
        unittest.main(argv=[sys.argv[0], *args.tests], verbosity=2)


if __name__ == '__main__':
    main()
