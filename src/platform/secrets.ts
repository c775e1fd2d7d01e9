import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from './errors.ts';
import { writeJsonAtomic } from './files.ts';
import { lockFile } from './lock.ts';
import { rememberSecret } from './redact.ts';

/** Where a key can be kept besides the environment: a file of mode 0600 beside config.toml, or the keyring of the desktop. */
export const keyStoreSchema = z.enum(['file', 'keyring']);
export type KeyStore = z.infer<typeof keyStoreSchema>;

/** A key belongs to an origin (`https://api.example.com`): at another address it is not found, so it is asked for again. */
export interface KeyPlace {
  readonly store: KeyStore;
  readonly configFile: string;
  readonly origin: string;
}

const fileSchema = z.object({ version: z.literal(1), keys: z.record(z.string(), z.string().min(1)) });
type KeyFile = z.infer<typeof fileSchema>;

const SERVICE = 'ragtui';
/** A locked keyring asks the person first. */
const KEYRING_TIMEOUT_MS = 60_000;

/** The keyring's entry of an account; a test hands over its own. */
export interface KeyringEntry {
  getPassword(signal?: AbortSignal): Promise<string | null | undefined>;
  setPassword(key: string, signal?: AbortSignal): Promise<void>;
  deletePassword(signal?: AbortSignal): Promise<boolean>;
}
export type OpenKeyring = (account: string) => Promise<KeyringEntry>;

/** Only one that survives a restart: the kernel's keyring, the library's second choice, does not. */
const desktopKeyring: OpenKeyring = async (account) => {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  return new AsyncEntry(SERVICE, account, { linux: { store: 'secret-service' } });
};

export const keysFile = (configFile: string): string => path.join(path.dirname(configFile), 'keys.json');

/** The key kept for an origin, undefined where there is none. Errors: `permission` (others may read the file), `corrupt`, `unavailable` (no keyring). */
export async function readKey(place: KeyPlace, open: OpenKeyring = desktopKeyring): Promise<string | undefined> {
  const key =
    place.store === 'file'
      ? readKeyFile(place.configFile).keys[place.origin]
      : await inKeyring(place, open, (entry) => entry.getPassword(AbortSignal.timeout(KEYRING_TIMEOUT_MS)));
  if (!key) return undefined;
  rememberSecret(key);
  return key;
}

/** Keeps a key for an origin. Errors: those of `readKey`, `usage` for a key that cannot be one, `disk-full`. */
export async function storeKey(place: KeyPlace, key: string, open: OpenKeyring = desktopKeyring): Promise<void> {
  const trimmed = key.trim();
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    throw new RagtuiError('usage', 'That is not a key: it is empty, or has blanks or special characters in it.');
  }
  rememberSecret(trimmed);
  if (place.store === 'file') {
    await changeKeys(place.configFile, (keys) => ({ ...keys, [place.origin]: trimmed }));
  } else {
    await inKeyring(place, open, (entry) => entry.setPassword(trimmed, AbortSignal.timeout(KEYRING_TIMEOUT_MS)));
  }
}

/** Forgets the key of an origin; says whether there was one. */
export async function forgetKey(place: KeyPlace, open: OpenKeyring = desktopKeyring): Promise<boolean> {
  if (place.store === 'keyring') {
    return inKeyring(place, open, (entry) => entry.deletePassword(AbortSignal.timeout(KEYRING_TIMEOUT_MS)));
  }
  let there = false;
  await changeKeys(place.configFile, ({ [place.origin]: gone, ...keys }) => {
    there = gone !== undefined;
    return there ? keys : null;
  });
  return there;
}

/** One at a time: two commands that keep a key at once lose none. `null` = nothing to change. */
async function changeKeys(
  configFile: string,
  change: (keys: KeyFile['keys']) => KeyFile['keys'] | null,
): Promise<void> {
  const unlock = await lockFile(`${keysFile(configFile)}.lock`);
  try {
    const keys = change(readKeyFile(configFile).keys);
    if (keys) writeJsonAtomic(keysFile(configFile), { version: 1, keys });
  } finally {
    unlock();
  }
}

async function inKeyring<T>(
  { origin }: KeyPlace,
  open: OpenKeyring,
  work: (entry: KeyringEntry) => Promise<T>,
): Promise<T> {
  try {
    return await work(await open(origin));
  } catch (error) {
    // What the library says may hold anything; its first line is enough to look it up.
    const why = toRagtuiError(error).message;
    throw new RagtuiError(
      'unavailable',
      `No keyring answers on this machine (${why}).`,
      'Keep the key in a file (--key-store file) or in an environment variable (--key-env).',
      { cause: error },
    );
  }
}

/** The file of keys is there, and is not ours alone: it is then not used. */
export function readableByOthers(configFile: string): boolean {
  const stat = lstatSync(keysFile(configFile), { throwIfNoEntry: false });
  return stat !== undefined && (!stat.isFile() || (stat.mode & 0o077) !== 0);
}

function readKeyFile(configFile: string): KeyFile {
  const file = keysFile(configFile);
  if (!lstatSync(file, { throwIfNoEntry: false })) return { version: 1, keys: {} };
  if (readableByOthers(configFile)) {
    throw new RagtuiError(
      'permission',
      `${file} holds keys and can be read by others: it is not used.`,
      `Run "chmod 600 ${file}"; if others were here, change the keys.`,
    );
  }
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    if (errnoOf(error)) throw toRagtuiError(error);
    // Never the parser's own words: they quote what they could not read.
    throw new RagtuiError(
      'corrupt',
      `${file} cannot be read as the file of keys.`,
      'Correct it, or delete it and give the keys again.',
    );
  }
}
