import { spawn } from 'node:child_process';

export interface CopyResult {
  /** `terminal` = OSC 52 straight; `tmux`, `screen` = through that multiplexer. */
  readonly via: 'terminal' | 'tmux' | 'screen';
  /** UTF-8 bytes of what was copied. */
  readonly bytes: number;
  /** Only the beginning was copied: terminals refuse more. */
  readonly cut: boolean;
  /** One line for a toast. */
  readonly message: string;
}

export interface CopyPlan extends CopyResult {
  /** What to write to the terminal. */
  readonly sequence: string;
  /** The text that was kept. */
  readonly text: string;
}

/** Most bytes of base64 in one sequence; more is dropped whole by common terminals. */
const MAX_BASE64 = 100_000;
/** GNU screen passes on strings of up to 768 bytes. */
const SCREEN_PIECE = 512;

/**
 * The bytes that put `text` on the clipboard of the terminal in front of the person, also over SSH (OSC 52), wrapped
 * for tmux and GNU screen. Pure.
 */
export function planCopy(text: string, env: NodeJS.ProcessEnv): CopyPlan {
  const all = Buffer.from(text, 'utf8');
  const kept = cutUtf8(all, Math.floor(MAX_BASE64 / 4) * 3);
  const osc52 = `\u001b]52;c;${kept.toString('base64')}\u0007`;
  const via = env['TMUX'] ? 'tmux' : env['STY'] ? 'screen' : 'terminal';
  const cut = kept.length < all.length;
  const size = kept.length < 1000 ? `${kept.length} bytes` : `${Math.round(kept.length / 1000)} KB`;
  return {
    via,
    cut,
    bytes: kept.length,
    text: kept.toString('utf8'),
    sequence: wrap(osc52, via),
    message: cut ? `Copied the first ${size}: terminals take no more at once` : `Copied ${size}`,
  };
}

/**
 * Copies by `write`. In tmux the text also goes to `tmux load-buffer -w`, the only way that works with tmux's default
 * settings; a tmux that fails is no error, the sequence was sent as well.
 */
export function copyText(text: string, env: NodeJS.ProcessEnv, write: (sequence: string) => void): CopyResult {
  const { sequence, text: kept, ...result } = planCopy(text, env);
  write(sequence);
  if (result.via === 'tmux') loadTmuxBuffer(kept, env);
  return result;
}

function wrap(osc52: string, via: CopyResult['via']): string {
  // Plain as well: with `set-clipboard on` tmux takes it, with `allow-passthrough on` the wrapped one arrives.
  if (via === 'tmux') return `${osc52}\u001bPtmux;${osc52.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
  if (via === 'screen') {
    const pieces = osc52.match(new RegExp(`[^]{1,${SCREEN_PIECE}}`, 'g')) ?? [];
    return pieces.map((piece) => `\u001bP${piece}\u001b\\`).join('');
  }
  return osc52;
}

/** The first `max` bytes, less those of a character that would be cut in two. */
function cutUtf8(bytes: Buffer, max: number): Buffer {
  if (bytes.length <= max) return bytes;
  let end = max;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function loadTmuxBuffer(text: string, env: NodeJS.ProcessEnv): void {
  const child = spawn('tmux', ['load-buffer', '-w', '-'], { env, stdio: ['pipe', 'ignore', 'ignore'] });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.stdin.end(text);
  child.unref();
}
