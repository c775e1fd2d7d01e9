import type { TerminalEvent } from '../keys/types.ts';
import { characterKey, controlKey, type KeyPress } from './key-names.ts';
import { csiEvent, ss3Event, x10Mouse } from './sequences.ts';

export interface InputParserOptions {
  readonly onEvent: (event: TerminalEvent) => void;
  /** How long an ESC waits for the rest of a sequence before it is the Esc key. Raise it on slow links. */
  readonly escapeTimeoutMs?: number;
}

export interface InputParser {
  /** Bytes as they came from the terminal, cut anywhere. */
  feed(bytes: Uint8Array): void;
  /** Takes what is still open as it stands: a lone ESC is the Esc key. The timeout calls it. */
  flush(): void;
  /** Something is open that more bytes, or the timeout, will decide. */
  readonly pending: boolean;
  /** Forgets what is open and stops the timer. */
  close(): void;
}

const ESC = 0x1b;
/** CAN ends any sequence. */
const CANCEL = 0x18;
const EMPTY = Buffer.alloc(0);
const ESCAPE_KEY: KeyPress = { type: 'key', name: 'esc' };
const PASTE_START = '200~';
const PASTE_END = Buffer.from('\u001b[201~');
/** A reply or sequence that never ends is given up after this long, a paste (slow links stall) after the other. */
const SEQUENCE_TIMEOUT_MS = 1000;
const PASTE_TIMEOUT_MS = 10_000;
const MAX_SEQUENCE = 4096;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Graphemes that the next bytes may make longer: emoji and flags. Others are whole as they come, or must not wait. */
const OPEN_ENDED = /(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|\ufe0f|\u200d)$/u;
const STRING_INTRODUCERS = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f]); // P X ] ^ _

type State = 'ground' | 'escape' | 'csi' | 'ss3' | 'string' | 'string-escape' | 'x10-mouse' | 'paste';

/**
 * Bytes from the terminal → events. The result does not depend on where the bytes are cut: UTF-8, sequences, pastes
 * and emoji go on in the next chunk. `abc\r` is four events; a bracketed paste is one.
 */
export function createInputParser(options: InputParserOptions): InputParser {
  const { onEvent, escapeTimeoutMs = 50 } = options;
  let state: State = 'ground';
  /** Bytes since the introducer of the sequence (for `string`: with it). */
  let sequence: number[] = [];
  let pasted: Buffer[] = [];
  let pasteTail = EMPTY;
  let text = '';
  /** The ESC before these was an Alt. */
  let textIsAlt = false;
  let utf8: number[] = [];
  let utf8Length = 0;
  let timer: NodeJS.Timeout | undefined;

  function feed(bytes: Uint8Array): void {
    clearTimeout(timer);
    for (let at = 0; at < bytes.length; ) {
      if (state === 'paste') at = pasteBytes(bytes, at);
      else take(bytes[at++] ?? 0);
    }
    emitText(false);
    if (isPending()) timer = setTimeout(flush, timeoutMs());
  }

  function take(byte: number): void {
    if (state === 'ground') ground(byte);
    else if (state === 'escape') afterEscape(byte);
    else if (state === 'csi') csi(byte);
    else if (state === 'ss3') ss3(byte);
    else if (state === 'x10-mouse') x10(byte);
    else string(byte);
  }

  function ground(byte: number): void {
    if (utf8Length > 0 && (byte & 0xc0) === 0x80) {
      continueUtf8(byte);
      return;
    }
    if (utf8Length > 0) dropUtf8();
    if (byte === ESC) {
      emitText(true);
      state = 'escape';
    } else if (byte < 0x20 || byte === 0x7f) {
      emitText(true);
      emit(controlKey(byte, false));
    } else if (byte < 0x80) {
      addText(String.fromCharCode(byte));
    } else {
      utf8Length = byteCount(byte);
      if (utf8Length > 0) utf8 = [byte];
      else dropUtf8();
    }
  }

  function continueUtf8(byte: number): void {
    utf8.push(byte);
    if (utf8.length < utf8Length) return;
    const character = Buffer.from(utf8).toString('utf8');
    // Overlong forms, surrogates and C1 controls are nothing a keyboard sends.
    if (/[\u0080-\u009f\ufffd]/.test(character)) {
      dropUtf8();
      return;
    }
    utf8 = [];
    utf8Length = 0;
    addText(character);
  }

  function dropUtf8(): void {
    utf8 = [];
    utf8Length = 0;
    textIsAlt = false;
  }

  function addText(character: string): void {
    if (textIsAlt) {
      textIsAlt = false;
      emit(characterKey(character, 3));
      return;
    }
    text += character;
  }

  function afterEscape(byte: number): void {
    sequence = [];
    if (byte === 0x5b) state = 'csi';
    else if (byte === 0x4f) state = 'ss3';
    else if (STRING_INTRODUCERS.has(byte)) {
      state = 'string';
      sequence = [byte];
    } else if (byte === ESC) {
      // Esc Esc: the first is a key, the second may still begin a sequence.
      emit(ESCAPE_KEY);
    } else {
      state = 'ground';
      if (byte < 0x20 || byte === 0x7f) emit(controlKey(byte, true));
      else {
        textIsAlt = true;
        ground(byte);
      }
    }
  }

  function csi(byte: number): void {
    if (byte === ESC || byte === CANCEL || sequence.length >= MAX_SEQUENCE) {
      abandon(byte);
      return;
    }
    sequence.push(byte);
    const body = String.fromCharCode(...sequence);
    if (body === '[') return;
    const isFinal = byte >= 0x40 || (byte === 0x24 && /^\d+\$$/.test(body));
    if (!isFinal) return;
    state = 'ground';
    sequence = [];
    if (body === 'M') state = 'x10-mouse';
    else if (body === PASTE_START) state = 'paste';
    else if (body !== '201~') emit(csiEvent(body));
  }

  function ss3(byte: number): void {
    if (byte === ESC || byte === CANCEL) {
      abandon(byte);
      return;
    }
    sequence.push(byte);
    if (byte >= 0x30 && byte <= 0x39 && sequence.length < 3) return;
    state = 'ground';
    emit(ss3Event(String.fromCharCode(...sequence)));
  }

  function x10(byte: number): void {
    sequence.push(byte);
    if (sequence.length < 3) return;
    state = 'ground';
    const [button = 0, x = 0, y = 0] = sequence;
    emit(x10Mouse(button, x, y));
  }

  /** OSC, DCS, APC, PM, SOS: until BEL or ESC \. Only replies of the terminal come in these. */
  function string(byte: number): void {
    const ends = byte === 0x07 || (state === 'string-escape' && byte === 0x5c);
    if (state === 'string-escape' && !ends) {
      // Cut off by another sequence: what came was no whole reply.
      afterEscape(byte);
      return;
    }
    if (byte === CANCEL) {
      abandon(byte);
      return;
    }
    if (sequence.length < MAX_SEQUENCE) sequence.push(byte);
    if (ends) {
      state = 'ground';
      const body = Buffer.from(sequence).toString('utf8');
      emit({ type: 'reply', sequence: `\u001b${body}` });
    } else if (byte === ESC) {
      state = 'string-escape';
    }
  }

  function abandon(byte: number): void {
    sequence = [];
    state = byte === ESC ? 'escape' : 'ground';
  }

  function pasteBytes(bytes: Uint8Array, from: number): number {
    // The end mark may be cut anywhere, so the last bytes wait for the next chunk.
    const window = Buffer.concat([pasteTail, bytes.subarray(from)]);
    const end = window.indexOf(PASTE_END);
    if (end === -1) {
      const keep = Math.max(0, window.length - PASTE_END.length + 1);
      pasted.push(window.subarray(0, keep));
      pasteTail = window.subarray(keep);
      return bytes.length;
    }
    const next = from + end + PASTE_END.length - pasteTail.length;
    pasteTail = window.subarray(0, end);
    emitPaste();
    return next;
  }

  function emitPaste(): void {
    const body = Buffer.concat([...pasted, pasteTail]).toString('utf8');
    pasted = [];
    pasteTail = EMPTY;
    state = 'ground';
    emit({ type: 'paste', text: body.replace(/\r\n?/g, '\n') });
  }

  /** One event per grapheme; the last one waits when more bytes may belong to it. */
  function emitText(all: boolean): void {
    if (text === '') return;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: printable ASCII
    const parts = /^[\x00-\x7f]*$/.test(text)
      ? text.split('')
      : Array.from(segmenter.segment(text), (part) => part.segment);
    const last = parts.at(-1) ?? '';
    const waits = !all && (OPEN_ENDED.test(last) || utf8Length > 0);
    text = waits ? last : '';
    for (const part of waits ? parts.slice(0, -1) : parts) emit(characterKey(part));
  }

  function emit(event: TerminalEvent | undefined): void {
    if (event) onEvent(event);
  }

  function isPending(): boolean {
    return state !== 'ground' || text !== '' || utf8Length > 0;
  }

  function timeoutMs(): number {
    if (state === 'paste') return PASTE_TIMEOUT_MS;
    return isBareIntroducer() || state === 'ground' ? escapeTimeoutMs : SEQUENCE_TIMEOUT_MS;
  }

  /** `ESC [`, `ESC O`, `ESC ]` and nothing more: may be Alt and that character. */
  function isBareIntroducer(): boolean {
    if (state === 'string') return sequence.length === 1;
    return state === 'escape' || ((state === 'csi' || state === 'ss3') && sequence.length === 0);
  }

  function flush(): void {
    clearTimeout(timer);
    const was = state;
    const bare = isBareIntroducer();
    const introducer = sequence[0] ?? 0;
    utf8 = [];
    utf8Length = 0;
    emitText(true);
    state = 'ground';
    sequence = [];
    textIsAlt = false;
    if (was === 'paste') emitPaste();
    else if (was === 'escape') emit(ESCAPE_KEY);
    else if (bare) emit(characterKey(was === 'csi' ? '[' : was === 'ss3' ? 'O' : String.fromCharCode(introducer), 3));
  }

  return {
    feed,
    flush,
    get pending() {
      return isPending();
    },
    close() {
      clearTimeout(timer);
      state = 'ground';
      sequence = [];
      pasted = [];
      pasteTail = EMPTY;
      text = '';
      dropUtf8();
    },
  };
}

/** Bytes of the UTF-8 character that `first` begins; 0 = it begins none. */
function byteCount(first: number): number {
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}
