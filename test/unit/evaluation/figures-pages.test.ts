import { expect, it } from 'vitest';
import { figuresPages } from '../../../src/evaluation/figures.ts';
import { jobIdSchema } from '../../../src/jobs/types.ts';
import { figures } from '../../store/loop-fakes.ts';

const [sample] = figures(jobIdSchema.parse('20261123-070000-evaluate-0000')).questions;
if (!sample) throw new Error('the fake has no question');

it('gives all questions and passages in order, in pages that are quickly read', () => {
  const questions = Array.from({ length: 900 }, (_, i) => ({ ...sample, item: `q${i}`, question: '水'.repeat(500) }));
  const passages = Array.from({ length: 300 }, (_, i) => `${i} ${'茶'.repeat(1000)}`);
  const pages = [...figuresPages({ questions, passages })];
  expect(pages.length).toBeGreaterThan(10);
  expect(pages.flatMap((page) => page.questions.map(({ item }) => item))).toEqual(questions.map(({ item }) => item));
  expect(pages.flatMap((page) => page.passages)).toEqual(passages);
  expect(Math.max(...pages.map((page) => JSON.stringify(page).length))).toBeLessThan(110_000);
});

it('gives one that is larger than a page alone, and nothing of nothing', () => {
  const huge = { ...sample, question: 'x'.repeat(300_000) };
  expect(
    [...figuresPages({ questions: [sample, huge, sample], passages: [] })].map((page) => page.questions.length),
  ).toEqual([1, 1, 1]);
  expect([...figuresPages({ questions: [], passages: [] })]).toEqual([]);
});
