const OPEN = '<think>';
const CLOSE = '</think>';

export interface Split {
  readonly text: string;
  readonly reasoning: string;
}

/**
 * Parts an answer into reasoning (`<think>…</think>` at its beginning) and text while it arrives, wherever the pieces
 * are cut. A tag in the middle of the text is text: the model may be talking about tags.
 */
export class ReasoningSplitter {
  #state: 'start' | 'thinking' | 'after' | 'text' = 'start';
  #held = '';

  push(delta: string): Split {
    this.#held += delta;
    let text = '';
    let reasoning = '';
    for (;;) {
      if (this.#state === 'start') {
        const begun = this.#held.trimStart();
        if (begun.startsWith(OPEN)) {
          this.#held = begun.slice(OPEN.length);
          this.#state = 'thinking';
        } else if (OPEN.startsWith(begun)) return { text, reasoning };
        else this.#state = 'text';
      } else if (this.#state === 'thinking') {
        const end = this.#held.indexOf(CLOSE);
        if (end < 0) {
          const keep = partialEnd(this.#held, CLOSE);
          reasoning += this.#held.slice(0, this.#held.length - keep);
          this.#held = this.#held.slice(this.#held.length - keep);
          return { text, reasoning };
        }
        reasoning += this.#held.slice(0, end);
        this.#held = this.#held.slice(end + CLOSE.length);
        this.#state = 'after';
      } else if (this.#state === 'after') {
        // The blank lines between reasoning and answer belong to neither.
        this.#held = this.#held.trimStart();
        if (!this.#held) return { text, reasoning };
        this.#state = 'text';
      } else {
        text += this.#held;
        this.#held = '';
        return { text, reasoning };
      }
    }
  }

  /** What was held back, when no more comes. */
  end(): Split {
    const rest = this.#held;
    this.#held = '';
    if (this.#state === 'thinking') return { text: '', reasoning: rest };
    return { text: this.#state === 'after' ? '' : rest, reasoning: '' };
  }
}

/** A whole answer, parted. Also knows answers whose opening tag stood in the prompt: `…</think>` without `<think>`. */
export function splitReasoning(answer: string): Split {
  const splitter = new ReasoningSplitter();
  const [pushed, rest] = [splitter.push(answer), splitter.end()];
  const text = pushed.text + rest.text;
  const reasoning = pushed.reasoning + rest.reasoning;
  const orphan = reasoning || text.includes(OPEN) ? -1 : text.indexOf(CLOSE);
  if (orphan < 0) return { text, reasoning };
  return { text: text.slice(orphan + CLOSE.length).trimStart(), reasoning: text.slice(0, orphan) };
}

/** Length of the longest end of `text` that could be the beginning of `word`. */
function partialEnd(text: string, word: string): number {
  for (let length = Math.min(word.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(word.slice(0, length))) return length;
  }
  return 0;
}
