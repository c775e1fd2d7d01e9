import type { Command } from 'commander';
import type { Invocation } from '../define.ts';
import { addEvalBlame } from './eval/blame.ts';
import { addEvalCalibrate } from './eval/calibrate.ts';
import { addEvalControl } from './eval/control.ts';
import { addEvalGate } from './eval/gate.ts';
import { addEvalItems } from './eval/items.ts';
import { addEvalJudge } from './eval/judge.ts';
import { addEvalLook } from './eval/look.ts';
import { addEvalMetrics } from './eval/metrics.ts';
import { addEvalReplay } from './eval/replay.ts';
import { addEvalRun, addForgetting } from './eval/run.ts';

/** `ragtui eval run|matrix|resume|pause|continue|retry|concurrency|list|show|diff|report|gate|replay|agreement|blame|items|note|send|metrics|judge|vote|calibrate`. */
export function addEval(program: Command, invocation: Invocation): void {
  const evaluation = program.command('eval').description('measure columns on a dataset and say which is better');
  addEvalRun(evaluation, invocation);
  addForgetting(evaluation, invocation);
  addEvalControl(evaluation, invocation);
  addEvalLook(evaluation, invocation);
  addEvalGate(evaluation, invocation);
  addEvalReplay(evaluation, invocation);
  addEvalBlame(evaluation, invocation);
  addEvalItems(evaluation, invocation);
  addEvalMetrics(evaluation, invocation);
  addEvalJudge(evaluation, invocation);
  addEvalCalibrate(evaluation, invocation);
}
