import { escaped } from '../../platform/html-page.ts';
import { stateOf } from '../item-state.ts';
import { findMetric } from '../metrics/registry.ts';
import type { RunReport } from '../report.ts';
import type { ItemResult } from '../types.ts';

/**
 * A run as JUnit XML, as continuous integration reads it. The suite `verdicts` has a case for each column against the
 * first and metric: it fails when the column is surely worse. Then a suite for each column, a case for each question: an
 * error or a time-out is an error, an empty answer a failure, and so is a 0 where the primary metric is 0 or 1.
 */
export function junitReport(report: RunReport, items: readonly ItemResult[]): string {
  const asked = report.columns.filter(({ baseline }) => !baseline).map(({ name }) => name);
  const binary = findMetric(report.primary).binary;
  const suites = [
    suite('verdicts', verdictCases(report, asked)),
    ...asked.map((column) =>
      suite(
        column,
        items.filter((item) => item.column === column).map((item) => itemCase(item, binary ? report.primary : null)),
      ),
    ),
  ];
  const sum = (count: (one: Suite) => number) => suites.reduce((total, one) => total + count(one), 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escaped(report.run.id)}" ${countsOf(
      sum(({ cases }) => cases.length),
      sum(({ failures }) => failures),
      sum(({ errors }) => errors),
    )}>`,
    ...suites.map(({ xml }) => xml),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Case {
  readonly name: string;
  readonly group: string;
  readonly seconds: number;
  readonly problem: { readonly kind: 'failure' | 'error'; readonly message: string; readonly text: string } | null;
}

interface Suite {
  readonly cases: readonly Case[];
  readonly failures: number;
  readonly errors: number;
  readonly xml: string;
}

function verdictCases({ differences }: RunReport, asked: readonly string[]): Case[] {
  return differences
    .filter(({ column }) => asked.includes(column))
    .flatMap(({ column, against, metrics }) =>
      Object.entries(metrics).map(([metric, { verdict, sentence }]) => ({
        name: `${column} against ${against} in ${metric}`,
        group: 'verdicts',
        seconds: 0,
        problem: verdict === 'worse' ? { kind: 'failure' as const, message: sentence, text: sentence } : null,
      })),
    );
}

function itemCase(item: ItemResult, primary: string | null): Case {
  const { error, scores, output, answers } = item;
  const state = stateOf(item);
  const told = `answer: ${output ?? '(none)'}\nexpected: ${answers[0] ?? ''}`;
  const wrong = primary !== null && scores[primary] === 0;
  const problem =
    state === 'error' || state === 'timeout'
      ? { kind: 'error' as const, message: error?.message ?? state, text: error?.message ?? state }
      : state === 'empty' || state === 'refused'
        ? { kind: 'failure' as const, message: state === 'empty' ? 'empty answer' : 'refused to answer', text: told }
        : wrong
          ? { kind: 'failure' as const, message: `${primary} 0`, text: told }
          : null;
  return {
    name: `${item.item}: ${item.question}`,
    group: item.column,
    seconds: (item.timing.totalMs ?? item.timing.retrievalMs ?? 0) / 1000,
    problem,
  };
}

function suite(name: string, cases: readonly Case[]): Suite {
  const count = (kind: 'failure' | 'error') => cases.filter(({ problem }) => problem?.kind === kind).length;
  const [failures, errors] = [count('failure'), count('error')];
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  const lines = [
    `  <testsuite name="${escaped(name)}" ${countsOf(cases.length, failures, errors)} time="${seconds.toFixed(3)}">`,
    ...cases.map(caseXml),
    '  </testsuite>',
  ];
  return { cases, failures, errors, xml: lines.join('\n') };
}

function caseXml({ name, group, seconds, problem }: Case): string {
  const open = `    <testcase name="${escaped(name)}" classname="${escaped(group)}" time="${seconds.toFixed(3)}"`;
  if (!problem) return `${open}/>`;
  const { kind, message, text } = problem;
  return `${open}><${kind} message="${escaped(message)}">${escaped(text)}</${kind}></testcase>`;
}

const countsOf = (tests: number, failures: number, errors: number): string =>
  `tests="${tests}" failures="${failures}" errors="${errors}"`;
