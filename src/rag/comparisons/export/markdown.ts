import { sanitize, sanitizeLine } from '../../../platform/sanitize.ts';
import { NO_KB } from '../../types.ts';
import { answerFacts, choiceText, type Fact, orderText, saidBy, scoreFacts, settingsLine } from '../facts.ts';
import type { ComparedColumn, KeptComparison } from '../types.ts';

/** A comparison as Markdown. Text of models and documents stands in fences it cannot leave. Pure. */
export function comparisonMarkdown(kept: KeptComparison): string {
  return [
    `# ${line(kept.question)}`,
    '',
    ...list([
      ['comparison', `${kept.id}, ${kept.at}`],
      ['knowledge base', kept.kb === NO_KB ? 'none' : kept.kb],
      ...(kept.source ? [['question from', kept.source] as const] : []),
      ['asked', orderText(kept)],
      ...(kept.state === 'ended' ? [] : [['state', `${kept.state}: not every column ended`] as const]),
      ...kept.votes.map(
        ({ choice, blind }): Fact => ['preferred', `${choiceText(choice)}${blind ? ' (names hidden)' : ''}`],
      ),
      ['ragtui', kept.programVersion],
    ]),
    ...kept.references.flatMap((reference) => ['', 'Reference:', '', ...fenced(reference)]),
    ...(kept.passage === null ? [] : ['', 'Gold passage:', '', ...fenced(kept.passage)]),
    ...kept.columns.flatMap(columnLines),
    '',
  ].join('\n');
}

function columnLines(column: ComparedColumn): string[] {
  const { answer, gathered, state, error } = column;
  const read = answer ?? gathered;
  const said = saidBy(column);
  return [
    '',
    `## ${line(column.column.name)}`,
    '',
    line(settingsLine(column.column)),
    ...(state === 'ok' ? [] : ['', `**${state}**${error ? `: ${line(`${error.message} ${error.hint}`)}` : ''}`]),
    ...(said ? ['', ...fenced(said)] : []),
    ...(read?.reasoning ? ['', 'Reasoning:', '', ...fenced(read.reasoning)] : []),
    ...listed(answer ? answerFacts(answer) : []),
    ...listed(scoreFacts(column)),
    ...listed(Object.entries(column.server).map(([name, value]): Fact => [name, String(value)])),
    ...(read?.hits ?? []).flatMap(({ rank, score, scoreKind, document, start, end, text }) => [
      '',
      `${rank}. ${line(document)} [${start}–${end}], ${scoreKind} ${score.toFixed(4)}`,
      '',
      ...fenced(text),
    ]),
    ...(read?.messages ?? []).flatMap(({ role, content }) => ['', `Sent as ${role}:`, '', ...fenced(content)]),
  ];
}

const listed = (facts: readonly Fact[]): string[] => (facts.length === 0 ? [] : ['', ...list(facts)]);
const list = (facts: readonly Fact[]): string[] => facts.map(([label, value]) => `- ${label}: ${line(value)}`);

/** One line in which nothing is a mark of Markdown or HTML. */
const line = (text: string): string =>
  sanitizeLine(text)
    .replace(/[\\`*_[\]<>#|&~]/g, '\\$&')
    .trim();

/** Text as it is, in a fence longer than any in it. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...(sanitize(text).match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, sanitize(text), fence];
}
