import { escaped, htmlPage } from '../../../platform/html-page.ts';
import { NO_KB } from '../../types.ts';
import { diffAnswers } from '../diff-answers.ts';
import { answerFacts, choiceText, type Fact, orderText, saidBy, scoreFacts, settingsLine } from '../facts.ts';
import type { ComparedColumn, KeptComparison } from '../types.ts';

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }
.columns { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
.column { flex: 1 1 22rem; min-width: 0; border-top: 3px solid #8885; padding-top: .5rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .5rem 0; }
.small, dl, details { font-size: .85rem; color: #777; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .75rem; margin: .5rem 0; }
dd { margin: 0; }
.fault { color: #c22; }
ins { text-decoration: none; background: #8f84; }
`;

/** A comparison as one HTML file: no script, nothing loaded, all text escaped; what the first column has not is marked. Pure. */
export function comparisonHtml(kept: KeptComparison): string {
  const [base] = kept.columns;
  return htmlPage(kept.question, STYLE, [
    `<h1>${escaped(kept.question)}</h1>`,
    facts([
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
    ...kept.references.map((reference) => `<p class="small">Reference</p><pre>${escaped(reference)}</pre>`),
    ...(kept.passage === null ? [] : [folded('Gold passage', `<pre>${escaped(kept.passage)}</pre>`)]),
    '<div class="columns">',
    ...kept.columns.map((column) => columnHtml(column, column === base ? undefined : base)),
    '</div>',
  ]);
}

function columnHtml(column: ComparedColumn, base: ComparedColumn | undefined): string {
  const { answer, gathered, state, error } = column;
  const read = answer ?? gathered;
  const said = saidBy(column);
  return [
    `<section class="column"><h2>${escaped(column.column.name)}</h2>`,
    `<p class="small">${escaped(settingsLine(column.column))}</p>`,
    ...(state === 'ok'
      ? []
      : [`<p class="fault">${state}${error ? `: ${escaped(`${error.message} ${error.hint}`)}` : ''}</p>`]),
    `<pre>${base && saidBy(base) ? marked(saidBy(base), said) : escaped(said)}</pre>`,
    ...(read?.reasoning ? [folded('Reasoning', `<pre>${escaped(read.reasoning)}</pre>`)] : []),
    facts(scoreFacts(column)),
    facts(answer ? answerFacts(answer) : []),
    ...(read && read.hits.length > 0
      ? [
          folded(
            `${read.hits.length} passages`,
            read.hits
              .map(
                ({ rank, document, score, scoreKind, text }) =>
                  `<p>${rank}. ${escaped(document)}, ${scoreKind} ${score.toFixed(4)}</p><pre>${escaped(text)}</pre>`,
              )
              .join(''),
          ),
        ]
      : []),
    ...(read && read.messages.length > 0
      ? [
          folded(
            'Messages sent',
            read.messages.map(({ role, content }) => `<p>${role}</p><pre>${escaped(content)}</pre>`).join(''),
          ),
        ]
      : []),
    folded('Server', facts(Object.entries(column.server).map(([name, value]): Fact => [name, String(value)]))),
    '</section>',
  ].join('\n');
}

/** The text with what the base has not in `<ins>`. */
function marked(base: string, text: string): string {
  const { added } = diffAnswers(base, text);
  let at = 0;
  const pieces = added.map(({ start, end }) => {
    const piece = `${escaped(text.slice(at, start))}<ins>${escaped(text.slice(start, end))}</ins>`;
    at = end;
    return piece;
  });
  return pieces.join('') + escaped(text.slice(at));
}

const facts = (all: readonly Fact[]): string =>
  all.length === 0
    ? ''
    : `<dl>${all.map(([label, value]) => `<dt>${escaped(label)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`;

const folded = (title: string, html: string): string =>
  `<details><summary>${escaped(title)}</summary>${html}</details>`;
