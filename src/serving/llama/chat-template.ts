import { randomBytes } from 'node:crypto';
import { Template } from '@huggingface/jinja';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { Message } from '../../rag/types.ts';

/** A stretch of a rendered prompt: a special token of the template, or text that is only ever text. */
export type PromptPart = { readonly special: string } | { readonly text: string };

export interface SpecialTokens {
  /** How the model's control tokens are written: `<|im_start|>`. */
  readonly all: readonly string[];
  readonly bos: string;
  readonly eos: string;
}

/**
 * Renders messages with a model's own chat template. A control token written inside a message stays plain text: a
 * document that says `<|im_end|>` cannot end its turn. Otherwise the parts read exactly as the template's author meant.
 */
export class ChatTemplate {
  readonly #template: Template;
  readonly #specials: SpecialTokens;
  readonly #pattern: RegExp | undefined;

  constructor(source: string, specials: SpecialTokens) {
    try {
      this.#template = new Template(source);
    } catch (error) {
      throw unusable(error);
    }
    this.#specials = specials;
    const words = specials.all.filter(Boolean).sort((a, b) => b.length - a.length);
    this.#pattern = words.length > 0 ? new RegExp(words.map(escapeRegExp).join('|'), 'g') : undefined;
  }

  /** The prompt up to where the assistant's words begin. Errors: `unsupported` when the template refuses the messages. */
  render(messages: readonly Message[]): PromptPart[] {
    return this.#parts(messages, true);
  }

  /** A conversation with its answer, as the template writes it; nothing is asked for after it. Errors: as `render`. */
  renderWhole(messages: readonly Message[]): PromptPart[] {
    return this.#parts(messages, false);
  }

  #parts(messages: readonly Message[], open: boolean): PromptPart[] {
    const quoted = this.#quote(messages);
    return this.#split(this.#renderQuoted(quoted.messages, open)).map((part) =>
      'text' in part ? { text: quoted.restore(part.text) } : part,
    );
  }

  #renderQuoted(messages: readonly Message[], open: boolean): string {
    const render = (turns: readonly Message[]) =>
      this.#template.render({
        messages: turns,
        add_generation_prompt: open,
        bos_token: this.#specials.bos,
        eos_token: this.#specials.eos,
      });
    try {
      return render(messages);
    } catch (error) {
      // Some templates know no system role: its text then opens the first question, as their authors advise.
      const merged = withoutSystem(messages);
      if (!merged) throw unusable(error);
      try {
        return render(merged);
      } catch {
        throw unusable(error);
      }
    }
  }

  /** Puts marks in place of control tokens in the messages, so that those left after rendering are the template's. */
  #quote(messages: readonly Message[]): { messages: Message[]; restore: (text: string) => string } {
    const pattern = this.#pattern;
    const found: string[] = [];
    const nonce = randomBytes(6).toString('hex');
    const mark = (word: string) => `\u{e000}${nonce}.${found.push(word) - 1}\u{e001}`;
    return {
      messages: messages.map(({ role, content }) => ({
        role,
        content: pattern ? content.replace(pattern, mark) : content,
      })),
      restore: (text) =>
        found.length === 0
          ? text
          : text.replace(
              new RegExp(`\u{e000}${nonce}\\.(\\d+)\u{e001}`, 'gu'),
              (_, index) => found[Number(index)] ?? '',
            ),
    };
  }

  #split(text: string): PromptPart[] {
    const parts: PromptPart[] = [];
    let end = 0;
    for (const match of this.#pattern ? text.matchAll(this.#pattern) : []) {
      if (match.index > end) parts.push({ text: text.slice(end, match.index) });
      parts.push({ special: match[0] });
      end = match.index + match[0].length;
    }
    if (end < text.length) parts.push({ text: text.slice(end) });
    return parts;
  }
}

function withoutSystem([first, second, ...rest]: readonly Message[]): Message[] | undefined {
  if (first?.role !== 'system' || second?.role !== 'user') return undefined;
  return [{ role: 'user', content: `${first.content}\n\n${second.content}` }, ...rest];
}

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function unusable(error: unknown): RagtuiError {
  return new RagtuiError(
    'unsupported',
    `The model's chat template cannot render these messages: ${toRagtuiError(error).message}.`,
    'Use system, user and assistant messages that take turns, or another model.',
    { cause: error },
  );
}
