import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The last bytes of a file as text; '' when it is not there. */
export function endOfFile(file: string, bytes = 32 * 1024): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const { size } = fstatSync(fd);
      const buffer = Buffer.alloc(Math.min(bytes, size));
      readSync(fd, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
