import { sanitize } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

/** The pair that is voted on, with the gold passage below; what was said of how many. */
export function ballotText({ evaluation }: ScreenContext): string {
  const { ballot, figures } = evaluation.getState();
  if (!ballot) return '';
  const told = t('evaluate.voted', { votes: ballot.votes, left: ballot.left });
  if (!ballot.next) return sanitize(`${told}\n\n${t('evaluate.why.allVoted')}`);
  const { item, question, answers } = ballot.next;
  const place = figures?.questions.find((row) => row.item === item)?.passage ?? null;
  const passage = place === null ? undefined : figures?.passages[place];
  return sanitize(
    [
      told,
      '',
      question,
      '',
      `1  ${answers[0]}`,
      '',
      `2  ${answers[1]}`,
      ...(passage === undefined ? [] : ['', `${t('evaluate.goldPassage')}`, passage]),
    ].join('\n'),
  );
}
