import type { SmokeChat } from '../../../stores/deploy-types.ts';
import { formatMillis } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { shownStatus } from '../../ui/status.ts';
import { rateText } from '../compare/metrics-lines.ts';

/** The prompt, the answer so far, and at its end how fast it came. Pure. */
export function chatText({ name, prompt, text, status, result, error }: SmokeChat): string {
  const head = `❯ ${prompt}\n\n`;
  if (error) return `${head}${text}${text ? '\n\n' : ''}✗ ${error.message} ${error.hint}`;
  if (!result) return `${head}${text || (status ? shownStatus(status) : t('deploy.chat.waiting', { name }))}`;
  const { firstTokenMs, tokensPerSecond, usage, finish, pieces } = result;
  const facts = [
    name,
    usage
      ? t('deploy.chat.tokens', { prompt: usage.promptTokens, answer: usage.completionTokens })
      : t('deploy.chat.pieces', { count: pieces }),
    t('deploy.chat.rate', { rate: rateText(tokensPerSecond) }),
    ...(firstTokenMs === null ? [] : [t('deploy.chat.first', { time: formatMillis(firstTokenMs) })]),
    ...(finish === 'stop' ? [] : [t(`deploy.chat.finish.${finish}`)]),
  ];
  return `${head}${text.trimEnd() || '∅'}\n\n── ${facts.join(' · ')}`;
}
