/** First bytes of formats that people rename by mistake. The words go into the error line. */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ['%PDF-', 'a PDF document'],
  ['PK\u0003\u0004', 'a zip archive (or Office document)'],
  ['PK\u0005\u0006', 'an empty zip archive'],
  ['\u00d0\u00cf\u0011\u00e0\u00a1\u00b1\u001a\u00e1', 'an old Office document (.doc, .xls, .ppt)'],
  ['\u0089PNG\r\n\u001a\n', 'a PNG image'],
  ['\u00ff\u00d8\u00ff', 'a JPEG image'],
  ['GIF87a', 'a GIF image'],
  ['GIF89a', 'a GIF image'],
  ['\u007fELF', 'a program (ELF)'],
  ['\u001f\u008b', 'a gzip archive'],
  ['BZh', 'a bzip2 archive'],
  ['\u00fd7zXZ\u0000', 'an xz archive'],
  ['7z\u00bc\u00af\u0027\u001c', 'a 7-Zip archive'],
  ['(\u00b5/\u00fd', 'a zstd archive'],
  ['Rar!\u001a\u0007', 'a RAR archive'],
  ['SQLite format 3\u0000', 'an SQLite database'],
  ['OggS', 'an Ogg recording'],
  ['ID3', 'an MP3 recording'],
  ['\u0000asm', 'a WebAssembly module'],
  ['GGUF', 'a GGUF model'],
];
const LONGEST = 16;

/** What these bytes are, in words, if they begin like a well-known binary format. */
export function binaryKind(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, LONGEST));
  return SIGNATURES.find(([signature]) => head.startsWith(signature) && isReallyBinary(signature, bytes))?.[1];
}

/** "BZh", "ID3" and "GGUF" may open an honest sentence; then no control character follows. */
function isReallyBinary(signature: string, bytes: Uint8Array): boolean {
  if (signature.length > 4) return true;
  return bytes.subarray(0, 4096).some((byte) => byte < 8 || (byte > 13 && byte < 32 && byte !== 27));
}
