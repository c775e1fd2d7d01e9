import { renameSync, writeFileSync } from 'node:fs';

/** Replaces a text file (0600): readers see the old or the new one, never a half. */
export function writeFileAtomic(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}
