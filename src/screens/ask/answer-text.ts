import type { AskState, AskStore } from '../../../stores/ask.ts';
import type { StreamBuffer } from '../../../stores/stream-buffer.ts';
import { sanitize } from '../../platform/sanitize.ts';
import type { Answer } from '../../rag/types.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';

/** The thread on screen: earlier turns, then the question and what is answered so far. */
export interface AnswerText {
  readonly stream: StreamModel;
  /** Where the current answer begins in the stream's text. */
  readonly answerStart: () => number;
  readonly showsReasoning: () => boolean;
  readonly toggleReasoning: () => void;
}

const QUESTION = '❯ ';

/** Earlier turns and the question, as text above the answer. Pure. */
export function threadText(earlier: readonly Answer[], question: string): string {
  const turns = earlier.map((turn) => `${QUESTION}${sanitize(turn.question)}\n${sanitize(turn.answer)}\n\n`);
  return `${turns.join('')}${QUESTION}${sanitize(question)}\n`;
}

/** Follows the ask store: pieces are appended as they are published, a finished answer replaces them. */
export function createAnswerText(ask: AskStore): AnswerText {
  const stream = createStreamModel({ follow: true });
  let shown: StreamBuffer | Answer | null = null;
  let start = 0;
  let taken = 0;
  let takenReasoning = 0;
  let reasoning = false;

  const sync = (state: AskState): void => {
    const { running, answer, thread } = state;
    if (running) {
      const { buffer } = running;
      if (shown !== buffer) {
        shown = buffer;
        taken = 0;
        takenReasoning = 0;
        const head = threadText(thread, running.question);
        stream.set(head);
        start = head.length;
      }
      if (reasoning || buffer.text === '') {
        // Thoughts show while there is no answer yet, else only on request: they are not the answer.
        const more = sanitize(buffer.reasoning.slice(takenReasoning));
        takenReasoning = buffer.reasoning.length;
        if (taken === 0 && more) {
          stream.append(more);
          start += more.length;
        }
      }
      if (buffer.text.length > taken) {
        if (taken === 0 && takenReasoning > 0) {
          const head = threadText(thread, running.question) + (reasoning ? `${sanitize(buffer.reasoning)}\n\n` : '');
          stream.set(head);
          start = head.length;
        }
        stream.append(sanitize(buffer.text.slice(taken)));
        taken = buffer.text.length;
      }
      return;
    }
    if (shown === answer) return;
    shown = answer;
    if (!answer) {
      stream.set('');
      start = 0;
      return;
    }
    const earlier = thread.filter((turn) => turn !== answer);
    const thoughts = reasoning && answer.reasoning ? `${sanitize(answer.reasoning)}\n\n` : '';
    const head = threadText(earlier, answer.question) + thoughts;
    start = head.length;
    stream.set(head + sanitize(answer.answer));
  };

  ask.subscribe(sync);
  sync(ask.getState());
  return {
    stream,
    answerStart: () => start,
    showsReasoning: () => reasoning,
    toggleReasoning: () => {
      reasoning = !reasoning;
      shown = null;
      sync(ask.getState());
    },
  };
}
