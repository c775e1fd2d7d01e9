import type { Running } from '../../../stores/ask.ts';
import { sanitize } from '../../platform/sanitize.ts';
import type { Answer } from '../../rag/types.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';

/** The exact messages sent, with what they count. Pure. */
export function messagesText(running: Running | null, answer: Answer | null): string {
  const messages = running ? running.messages : (answer?.messages ?? []);
  const promptTokens = running ? running.promptTokens : (answer?.usage.promptTokens ?? null);
  const cut = running ? running.cut : (answer?.cut ?? '');
  const head = [
    t('ask.messages.count', {
      count: messages.length,
      tokens: promptTokens === null ? '–' : formatCount(promptTokens),
    }),
    ...(answer && !running ? [t('ask.messages.answer', { tokens: formatCount(answer.usage.completionTokens) })] : []),
    ...(cut ? [t('ask.messages.cut', { cut })] : []),
  ];
  const bodies = messages.map(
    ({ role, content }) =>
      `── ${role} · ${t('ask.messages.characters', { count: formatCount(content.length) })} ──\n${sanitize(content)}`,
  );
  return [...head, '', ...bodies].join('\n').replace(/\n(── )/g, '\n\n$1');
}
