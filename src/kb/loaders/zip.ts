import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { RagtuiError } from '../../platform/errors.ts';

/** What an honest document may unpack to, bytes; and how many times its packed size. */
const MAX_UNPACKED = 200 * 1024 * 1024;
const MAX_RATIO = 200;
/** Small files may repeat themselves as much as they like. */
const RATIO_FROM = 20 * 1024 * 1024;
const MAX_ENTRIES = 10_000;

/**
 * Proves that an archive is no bomb before anything unpacks it: sizes in its directory, then the real size of every
 * XML part, unpacked piece by piece and thrown away. Returns the names of its entries. Errors: corrupt, unsupported.
 */
export async function checkZip(bytes: Buffer): Promise<string[]> {
  let zip: ZipFile | undefined;
  try {
    zip = await fromBufferPromise(bytes, { lazyEntries: true, validateEntrySizes: true });
    if (zip.entryCount > MAX_ENTRIES) throw bomb(`${zip.entryCount} entries`);
    const names: string[] = [];
    let claimed = 0;
    let real = 0;
    for await (const entry of zip.eachEntry()) {
      if (entry.isEncrypted()) {
        throw new RagtuiError('unsupported', 'It is an encrypted zip archive.', 'Save a copy without a password.');
      }
      names.push(entry.fileName);
      claimed += entry.uncompressedSize;
      refuseIfTooMuch(claimed, bytes.length);
      if (/\.(xml|rels)$/i.test(entry.fileName)) real += await unpackedSize(zip, entry);
      refuseIfTooMuch(real, bytes.length);
    }
    return names;
  } catch (error) {
    if (error instanceof RagtuiError) throw error;
    const why = error instanceof Error ? error.message.split('\n')[0]?.replace(/\.$/, '') : 'unknown';
    throw new RagtuiError(
      'corrupt',
      `It is not a readable zip archive: ${why}.`,
      'Open it where it was made and save it again.',
    );
  } finally {
    zip?.close();
  }
}

function refuseIfTooMuch(unpacked: number, packed: number): void {
  const megabytes = Math.round(unpacked / 1024 / 1024);
  if (unpacked > MAX_UNPACKED) throw bomb(`more than ${MAX_UNPACKED / 1024 / 1024} MB`);
  if (unpacked > RATIO_FROM && unpacked / packed > MAX_RATIO) {
    throw bomb(`${megabytes} MB, ${Math.round(unpacked / packed)} times its size`);
  }
}

const bomb = (what: string): RagtuiError =>
  new RagtuiError('unsupported', `It would unpack to ${what}: it looks like a zip bomb.`, 'Remove it.');

/** Counts what an entry unpacks to; the library ends with an error as soon as that is more than the entry says. */
async function unpackedSize(zip: ZipFile, entry: Entry): Promise<number> {
  let size = 0;
  const stream = await zip.openReadStreamPromise(entry);
  for await (const piece of stream) size += piece.length;
  return size;
}
