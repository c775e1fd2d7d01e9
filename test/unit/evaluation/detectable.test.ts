import { expect, it } from 'vitest';
import { ruleOfThumb } from '../../../src/evaluation/detectable.ts';

it('the rule gives what the design says of 14 % discordant pairs: about 3.3 points on 1,002 questions', () => {
  expect(ruleOfThumb(1002)).toBeCloseTo(0.0331, 4);
  // Four times the questions, half the difference.
  expect(ruleOfThumb(100) / ruleOfThumb(400)).toBeCloseTo(2, 12);
  expect(ruleOfThumb(100, 0.25)).toBeCloseTo(0.14, 12);
});
