import stringWidth from 'string-width';
import { errorLine, type RagtuiError } from '../platform/errors.ts';
import { redactSecrets } from '../platform/redact.ts';
import { sanitize, sanitizeLine } from '../platform/sanitize.ts';

/** The part of a stream that printing needs; tests pass their own. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const LOG_PROGRESS_MS = 10_000;

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

/**
 * Everything a command says. Results go to stdout: text for people (always sanitised: it may hold text of documents
 * and models) or, with --json, one JSON document with the text as it is. Remarks go to stderr.
 */
export class Output {
  private progressShown = false;
  private lastProgress: number;

  constructor(
    readonly options: OutputOptions,
    readonly stdout: Sink,
    readonly stderr: Sink,
    private readonly now: () => number = () => performance.now(),
  ) {
    // What is done in less than that needs no progress in a log.
    this.lastProgress = now();
  }

  get json(): boolean {
    return this.options.json;
  }

  /** A result: the JSON document with --json, else the lines `text` makes. */
  result(value: unknown, text: () => string | readonly string[]): void {
    if (this.json) {
      this.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      return;
    }
    const made = text();
    const lines = typeof made === 'string' ? made : made.join('\n');
    if (lines !== '') this.stdout.write(`${sanitize(lines)}\n`);
  }

  /** One line of JSON lines (streaming with --json). */
  jsonLine(value: unknown): void {
    this.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Text as it arrives; nothing with --json. */
  stream(text: string): void {
    if (!this.json) this.stdout.write(sanitize(text));
  }

  /** A remark for the person, on stderr; silent with --quiet. */
  note(text: string): void {
    if (this.options.quiet) return;
    this.clearProgress();
    this.stderr.write(`${sanitizeLine(text)}\n`);
  }

  /**
   * How far it is: on a terminal one line that is written over, elsewhere a line every ten seconds.
   */
  progress(text: string): void {
    if (this.options.quiet) return;
    if (this.stderr.isTTY) {
      const width = Math.max(20, (this.stderr.columns ?? 80) - 1);
      this.stderr.write(`\r\u001b[2K${cut(sanitizeLine(text), width)}`);
      this.progressShown = true;
      return;
    }
    if (this.now() - this.lastProgress < LOG_PROGRESS_MS) return;
    this.lastProgress = this.now();
    this.stderr.write(`${sanitizeLine(text)}\n`);
  }

  clearProgress(): void {
    if (this.progressShown) this.stderr.write('\r\u001b[2K');
    this.progressShown = false;
  }

  /** The one line (or, with --json, the object) that tells of a failure. */
  error(error: RagtuiError): void {
    this.clearProgress();
    if (this.json) {
      const { code, message, hint } = error;
      const told = { code, message: redactSecrets(message), hint: redactSecrets(hint) };
      this.stderr.write(`${JSON.stringify({ error: told })}\n`);
      return;
    }
    const label = this.options.color && this.stderr.isTTY ? '\u001b[31mragtui:\u001b[39m' : 'ragtui:';
    this.stderr.write(`${label} ${sanitizeLine(redactSecrets(errorLine(error)))}\n`);
  }
}

/** Cuts to `width` cells, with an ellipsis. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let result = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const cells = stringWidth(segment);
    if (used + cells > width - 1) break;
    result += segment;
    used += cells;
  }
  return `${result}…`;
}

/** Columns aligned by cells (a Chinese character is two); the last one is not padded. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows].map((row) => row.map((cell) => sanitizeLine(cell)));
  const widths = header.map((_, column) => Math.max(...all.map((row) => stringWidth(row[column] ?? ''))));
  return all.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell)),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** `24010842` → `24 MB` (decimal units, as disks and catalogues count). */
export function megabytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`;
  return `${Math.max(bytes > 0 ? 1 : 0, Math.round(bytes / 1e3))} kB`;
}

/** `75` → `1:15`, for time left and time taken. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${String(whole % 60).padStart(2, '0')}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`;
}
