import { escaped, htmlPage } from '../../platform/html-page.ts';
import { EFFECT_HEADER, EFFECTS_ABOUT, effectLabel, effectRows, matrixGrid, matrixMetrics } from '../matrix/text.ts';
import { findMetric } from '../metrics/registry.ts';
import type { ColumnReport, RunReport } from '../report.ts';
import {
  ceilingLines,
  columnLine,
  columnTitle,
  differenceCell,
  formatP,
  formLine,
  meanCell,
  shownMetrics,
  verdictCell,
  verdicts,
} from '../report-text.ts';
import { metricTitle, scoreText, unitOf } from '../score-text.ts';
import { strataAbout, strataTable } from '../strata-text.ts';
import type { ItemResult } from '../types.ts';
import { type IntervalRow, intervalChart } from './interval-chart.ts';

const STYLE = `
:root { color-scheme: light dark; --good: #2a8a3e; --bad: #c03030; --plain: #777; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto; }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid #8884; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.text { text-align: left; white-space: pre-wrap; overflow-wrap: anywhere; min-width: 12rem; max-width: 26rem; }
.verdict { font-size: 1.2rem; border-left: 4px solid #8886; padding-left: .8rem; }
.baseline { font-style: italic; color: var(--plain); }
.better { color: var(--good); } .worse { color: var(--bad); }
.small { font-size: .85rem; color: var(--plain); }
svg { max-width: 100%; height: auto; } svg text { fill: currentColor; font: 12px system-ui, sans-serif; }
`;

/** More questions than that make a page that no browser likes; the rest is in the CSV. */
const MOST_ITEMS = 2000;

/** A run as one HTML file: charts inside, no script, nothing loaded, all text escaped. Pure. */
export function htmlReport(report: RunReport, items: readonly ItemResult[]): string {
  const { run } = report;
  const { evaluation } = run;
  const metrics = shownMetrics(report);
  const title = `Evaluation of ${evaluation.columns.map(({ name }) => name).join(', ')} on ${evaluation.dataset}`;
  return htmlPage(title, STYLE, [
    `<h1>${escaped(title)}</h1>`,
    ...verdicts(report).map((sentence) => `<p class="verdict">${escaped(sentence)}</p>`),
    ...(run.interim ? [`<p>Interim: the run is ${run.state}; figures may still change.</p>`] : []),
    `<p class="small">${escaped(
      `${run.items} items of ${evaluation.dataset} ${evaluation.version}, split ${evaluation.split}, seed ${evaluation.seed}; run ${run.id}, ${run.startedAt ?? 'not started'} to ${run.endedAt ?? 'now'}. Points of 100, or the unit beside the name, with 95 % intervals, clustered by context.`,
    )}</p>`,
    meansTable(report, metrics),
    ...ceilingLines(report).map((line) => `<p>${escaped(line)}</p>`),
    ...metrics.map((metric) =>
      figure(metricTitle(metric), meanRows(report.columns, metric), { zero: false, unit: unitOf(metric) }),
    ),
    ...differences(report, metrics),
    ...matrixSection(report),
    ...strataSection(report),
    ...published(report),
    '<h2>Read this before you quote a figure</h2><ul>',
    ...report.notes.map(({ text }) => `<li>${escaped(text)}</li>`),
    ...metrics.map((name) => `<li>${escaped(`${name} is blind to this: ${findMetric(name).blindTo}`)}</li>`),
    '</ul>',
    '<h2>Columns</h2><ul>',
    ...(evaluation.form ? [`<li>${escaped(formLine(evaluation))}</li>`] : []),
    ...evaluation.columns.map((column) => `<li>${escaped(`${column.name}: ${columnLine(column)}`)}</li>`),
    '</ul>',
    ...(run.capsule
      ? [`<h2>What the figures rest on</h2><pre class="small">${escaped(JSON.stringify(run.capsule, null, 2))}</pre>`]
      : []),
    ...itemTable(report, items),
  ]);
}

function meansTable({ columns, primary }: RunReport, metrics: readonly string[]): string {
  const head = [
    'column',
    ...metrics.map((name) => (name === primary ? `${metricTitle(name)} *` : metricTitle(name))),
    'items',
    'errors',
    'timeouts',
    'refused',
    'empty',
  ];
  const rows = columns.map((column) => {
    const { name, baseline, items, errors, timeouts, refused, empty } = column;
    const cells = [...metrics.map((metric) => meanCell(column, metric)), items, errors, timeouts, refused, empty];
    return `<tr${baseline ? ' class="baseline"' : ''}><td>${escaped(columnTitle(name))}</td>${cells.map((cell) => `<td>${escaped(String(cell))}</td>`).join('')}</tr>`;
  });
  return `<table><tr>${head.map((cell) => `<th>${escaped(cell)}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

const meanRows = (columns: readonly ColumnReport[], metric: string): IntervalRow[] =>
  columns.flatMap(({ name, baseline, metrics }) => {
    const found = metrics[metric];
    return found
      ? [{ label: columnTitle(name), value: found.mean, low: found.low, high: found.high, muted: baseline }]
      : [];
  });

function differences({ differences: all, primary }: RunReport, metrics: readonly string[]): string[] {
  return all.flatMap(({ column, against, metrics: found }) => {
    const names = metrics.filter((name) => found[name]);
    const rows = names.flatMap((name) => {
      const one = found[name];
      if (!one) return [];
      const verdict = verdictCell(column, one.verdict);
      const style = verdict === 'better' || verdict === 'worse' ? ` class="${verdict}"` : '';
      return [
        `<tr><td>${escaped(metricTitle(name))}</td><td>${escaped(differenceCell(name, one))}</td><td>${escaped(formatP(one.p))}</td><td>${one.pHolm === null ? 'primary' : escaped(formatP(one.pHolm))}</td><td${style}>${verdict}</td></tr>`,
      ];
    });
    const chartOf = (shown: readonly string[]) =>
      shown.flatMap((name): IntervalRow[] => {
        const one = found[name];
        if (!one) return [];
        return [{ label: name, value: one.difference, low: one.low, high: one.high, muted: name !== primary }];
      });
    // One axis for each unit.
    const units = [...new Set(names.map(unitOf))];
    return [
      `<h2>${escaped(columnTitle(column))} against ${escaped(against)}</h2>`,
      `<table><tr><th>metric</th><th>difference</th><th>p</th><th>p (Holm)</th><th>verdict</th></tr>${rows.join('')}</table>`,
      ...units.map((unit) =>
        figure(`difference in ${unit}`, chartOf(names.filter((name) => unitOf(name) === unit)), { zero: true, unit }),
      ),
    ];
  });
}

const figure = (title: string, rows: readonly IntervalRow[], options: { zero: boolean; unit: string }): string =>
  rows.length === 0 ? '' : `<h3>${escaped(title)}</h3>${intervalChart(rows, options)}`;

const tableOf = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const cells = (row: readonly string[], tag: 'td' | 'th') =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${cells(header, 'th')}${rows.map((row) => cells(row, 'td')).join('')}</table>`;
};

/** What LLM, embedder and context do on average. */
function matrixSection(report: RunReport): string[] {
  const { matrix, columns, primary } = report;
  if (!matrix) return [];
  const { header, rows } = matrixGrid(matrix, columns, primary);
  const chart = matrix.effects.flatMap((effect): IntervalRow[] => {
    const found = effect.metrics[primary];
    if (!found) return [];
    return [{ label: effectLabel(effect), value: found.difference, low: found.low, high: found.high, muted: false }];
  });
  return [
    '<h2>What LLM, embedder and context do</h2>',
    `<p class="small">${escaped(EFFECTS_ABOUT)}</p>`,
    tableOf(header.with(0, primary), rows),
    figure(`effects on ${primary}`, chart, { zero: true, unit: unitOf(primary) }),
    ...matrixMetrics(report).map(
      (metric) => `<h3>${escaped(`Effects on ${metric}`)}</h3>${tableOf(EFFECT_HEADER, effectRows(matrix, metric))}`,
    ),
  ];
}

function strataSection(report: RunReport): string[] {
  if (report.strata.length === 0) return [];
  const { header, rows } = strataTable(report);
  return [
    `<h2>${escaped(`${metricTitle(report.primary)} on parts of the questions`)}</h2>`,
    ...strataAbout(report).map((line) => `<p class="small">${escaped(line)}</p>`),
    tableOf(header, rows),
  ];
}

function published({ published: all }: RunReport): string[] {
  if (all.length === 0) return [];
  const rows = all.flatMap(({ system, source, metrics }) =>
    Object.entries(metrics).map(
      ([name, value]) =>
        `<tr><td>${escaped(system)}</td><td>${escaped(name)}</td><td>${scoreText(name, value)}</td><td class="text">${escaped(source)}</td></tr>`,
    ),
  );
  return [
    '<h2>Published on this data</h2>',
    `<table><tr><th>system</th><th>metric</th><th>points</th><th>source</th></tr>${rows.join('')}</table>`,
  ];
}

/** Every question with the answer of every column, and its score in the primary metric. */
function itemTable({ primary, columns }: RunReport, items: readonly ItemResult[]): string[] {
  const asked = columns.filter(({ baseline }) => !baseline).map(({ name }) => name);
  const byItem = groupByItem(items);
  const rows = [...byItem.values()].slice(0, MOST_ITEMS).map((found) => {
    const [first] = found;
    const cells = asked.map((name) => {
      const one = found.findLast(({ column }) => column === name);
      const score = one?.scores[primary];
      const told = one ? (one.output ?? one.error?.message ?? one.state) : '';
      return `<td class="text">${escaped(told)}</td><td>${score === null || score === undefined ? '–' : scoreText(primary, score)}</td>`;
    });
    return `<tr><td class="text">${escaped(first?.question ?? '')}</td><td class="text">${escaped(first?.answers[0] ?? '')}</td>${cells.join('')}</tr>`;
  });
  const head = ['question', 'expected', ...asked.flatMap((name) => [name, metricTitle(primary)])];
  const more = byItem.size - rows.length;
  return [
    `<h2>Questions</h2>${more > 0 ? `<p>The first ${rows.length}; ${more} more are in the CSV report.</p>` : ''}`,
    `<table><tr>${head.map((cell) => `<th>${escaped(cell)}</th>`).join('')}</tr>${rows.join('')}</table>`,
  ];
}

function groupByItem(items: readonly ItemResult[]): Map<string, ItemResult[]> {
  const groups = new Map<string, ItemResult[]>();
  for (const item of items) {
    const group = groups.get(item.item);
    if (group) group.push(item);
    else groups.set(item.item, [item]);
  }
  return groups;
}
