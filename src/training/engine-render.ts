import type { Message } from '../rag/types.ts';
import type { EngineTemplate } from './llamafactory-templates.ts';

export interface EngineTurns {
  /** Everything before the last answer. */
  readonly prompt: string;
  /** The last answer as it is learnt. */
  readonly target: string;
}

/**
 * A conversation that ends with an answer, as LLaMA-Factory writes it under a template: as text, without its tokenizer.
 * Without a system message the template's own is put in, as the engine does.
 */
export function engineTurns(
  template: EngineTemplate,
  messages: readonly Message[],
  special: { readonly bos: string; readonly eos: string },
): EngineTurns {
  const [first] = messages;
  const system = first?.role === 'system' && first.content !== '' ? first.content : (template.ownSystem ?? '');
  const turns = first?.role === 'system' ? messages.slice(1) : messages;
  const written = turns.map(({ role, content }, at): string => {
    if (role === 'assistant') return thoughtOf(template, content) + fill(template.assistant, content);
    if (at > 0) return fill(template.user, content);
    const asked = system === '' ? '' : fill(template.system, system);
    return (
      template.prefix +
      (template.systemInUser ? fill(template.user, asked + content) : asked + fill(template.user, content))
    );
  });
  const named = (text: string) => text.replaceAll('{{bos}}', special.bos).replaceAll('{{eos}}', special.eos);
  return { prompt: named(written.slice(0, -1).join('')), target: named(written.at(-1) ?? '') };
}

// Only the content's own braces must not be taken for a place to fill in.
const fill = (text: string, content: string): string => text.replace('{{content}}', () => content);

/** The empty thought that goes before an answer that has none. */
const thoughtOf = ({ thought }: EngineTemplate, content: string): string =>
  thought && !thought.some((word) => content.includes(word.trim())) ? thought.join('') : '';
