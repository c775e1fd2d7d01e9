import { mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { destination, type Logger, pino } from 'pino';
import { redactSecrets } from './redact.ts';

const ROTATE_BYTES = 5_000_000;

/**
 * A logger that writes JSON lines to `<folder>/<name>.log` and nowhere else: stdout belongs to the screen and to
 * --json. Level from RAGTUI_LOG (default `info`). Secrets are masked in every line. One older file is kept.
 */
export function openLog(folder: string, name: string, env: NodeJS.ProcessEnv = process.env): Logger {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${name}.log`);
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > ROTATE_BYTES) renameSync(file, `${file}.1`);
  const sink = destination({ dest: file, sync: true, append: true, mode: 0o600 });
  // A full disk must not end the program because its log could not be written.
  sink.on('error', () => {});
  const level = env['RAGTUI_LOG'] ?? 'info';
  return pino(
    {
      name,
      level: level in pino.levels.values || level === 'silent' ? level : 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line: string) => sink.write(redactSecrets(line, env)) },
  );
}
