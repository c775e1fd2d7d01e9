import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endpointKey, keyState } from '../../../src/models/endpoint-open.ts';
import { lockFile } from '../../../src/platform/lock.ts';
import { redactSecrets } from '../../../src/platform/redact.ts';
import {
  forgetKey,
  type KeyStore,
  keysFile,
  type OpenKeyring,
  readKey,
  storeKey,
} from '../../../src/platform/secrets.ts';

const KEY = 'canary-key-0123456789';
let folder: string;
let configFile: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-keys-'));
  configFile = path.join(folder, 'config', 'config.toml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (origin: string, store: KeyStore = 'file') => ({ store, configFile, origin });

describe('the file of keys', () => {
  test('keeps a key for its origin only, readable by its owner only', async () => {
    await storeKey(place('https://a.example'), ` ${KEY}\n`);
    await storeKey(place('https://b.example'), 'another-key-1');
    expect(await readKey(place('https://a.example'))).toBe(KEY);
    for (const other of ['http://a.example', 'https://a.example:8443', 'https://a.example.evil.org']) {
      expect(await readKey(place(other))).toBeUndefined();
    }
    expect(statSync(keysFile(configFile)).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(configFile)).mode & 0o777).toBe(0o700);
    expect(redactSecrets(`it said ${KEY}!`, {})).toBe('it said [secret]!');
  });

  test('loses no key that another command keeps at the same time', async () => {
    const unlock = await lockFile(`${keysFile(configFile)}.lock`);
    const kept = storeKey(place('https://a.example'), KEY);
    // What the other one does while it has the lock.
    const other = { version: 1, keys: { 'https://b.example': 'another-key-1', 'https://gone.example': 'old-key-12' } };
    writeFileSync(keysFile(configFile), JSON.stringify(other), { mode: 0o600 });
    const forgotten = forgetKey(place('https://gone.example'));
    unlock();
    await kept;
    expect(await forgotten).toBe(true);
    expect(await readKey(place('https://a.example'))).toBe(KEY);
    expect(await readKey(place('https://b.example'))).toBe('another-key-1');
    expect(await readKey(place('https://gone.example'))).toBeUndefined();
    expect(readdirSync(path.dirname(configFile))).toEqual(['keys.json']);
  });

  test('is not used when others may read it', async () => {
    await storeKey(place('https://a.example'), KEY);
    chmodSync(keysFile(configFile), 0o640);
    const refused = { code: 'permission', hint: expect.stringContaining('chmod 600') };
    await expect(readKey(place('https://a.example'))).rejects.toMatchObject(refused);
    await expect(storeKey(place('https://a.example'), 'new-key-12345')).rejects.toMatchObject(refused);
    chmodSync(keysFile(configFile), 0o600);
    expect(await readKey(place('https://a.example'))).toBe(KEY);
  });

  test('that is damaged is not quoted', async () => {
    await storeKey(place('https://a.example'), KEY);
    writeFileSync(keysFile(configFile), `{"version":1,"keys":{"https://a.example":${KEY}`);
    await expect(readKey(place('https://a.example'))).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.not.stringContaining(KEY),
    });
  });

  test('forgets', async () => {
    await storeKey(place('https://a.example'), KEY);
    expect(await forgetKey(place('https://a.example'))).toBe(true);
    expect(await forgetKey(place('https://a.example'))).toBe(false);
    expect(readFileSync(keysFile(configFile), 'utf8')).not.toContain(KEY);
  });

  test.each(['', '  ', 'two words', 'ключ', 'a\nb'])('takes no %j', async (key) => {
    await expect(storeKey(place('https://a.example'), key)).rejects.toMatchObject({ code: 'usage' });
    expect(existsSync(keysFile(configFile))).toBe(false);
  });
});

describe('the keyring', () => {
  const kept = new Map<string, string>();
  const open: OpenKeyring = async (account) => ({
    getPassword: async () => kept.get(account) ?? null,
    setPassword: async (key) => void kept.set(account, key),
    deletePassword: async () => kept.delete(account),
  });

  test('keeps keys by origin, and nothing on the disk', async () => {
    await storeKey(place('https://a.example', 'keyring'), KEY, open);
    expect(await readKey(place('https://a.example', 'keyring'), open)).toBe(KEY);
    expect(await readKey(place('https://b.example', 'keyring'), open)).toBeUndefined();
    expect(await forgetKey(place('https://a.example', 'keyring'), open)).toBe(true);
    expect(await readKey(place('https://a.example', 'keyring'), open)).toBeUndefined();
    expect(existsSync(keysFile(configFile))).toBe(false);
  });

  test('that does not answer is an error with a way out', async () => {
    const none: OpenKeyring = () => Promise.reject(new Error('no D-Bus'));
    await expect(readKey(place('https://a.example', 'keyring'), none)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no D-Bus'),
      hint: expect.stringContaining('--key-store file'),
    });
  });
});

describe('the key of an endpoint', () => {
  test('kept for one host is not sent to another', async () => {
    const env = { RAGTUI_CONFIG_HOME: path.dirname(configFile) };
    await storeKey(place('https://a.example'), KEY);
    const endpoint = { name: 'box', url: 'https://a.example/v1', keyStore: 'file' as const };
    expect(await endpointKey(endpoint, env)).toBe(KEY);
    expect(await keyState(endpoint, env)).toBe('set');
    const moved = { ...endpoint, url: 'https://b.example/v1' };
    await expect(endpointKey(moved, env)).rejects.toMatchObject({
      code: 'permission',
      message: 'No key of box is kept for https://b.example.',
    });
    expect(await keyState(moved, env)).toBe('missing');
    chmodSync(keysFile(configFile), 0o644);
    expect(await keyState(endpoint, env)).toBe('unreadable');
  });
});
