import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { findPrompt, listPrompts, ownTemplate, parseTemplate } from '../../../src/rag/prompts.ts';

let folder: string;
let paths: WorkspacePaths;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-prompts-'));
  paths = workspacePaths(path.join(folder, 'home'), { RAGTUI_CONFIG_HOME: folder });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the prompt of the tutorial', () => {
  test('is byte for byte the published one', () => {
    const messages = findPrompt(paths, 'tutorial').build({ passages: ['第一段。\n', '第二段。'], question: '谁？' });
    expect(messages).toEqual([
      {
        role: 'system',
        content:
          'You will act as an AI question-answering assistant and complete a dialogue task.In this task, you need to provide your answers based on the given context and questions.\nHere are some extra messages you can referred to:\n\n### context_str:\n第一段。\n第二段。\n\n\n',
      },
      { role: 'user', content: '谁？' },
    ]);
  });

  test('comes after the system text of the model, and keeps the thread', () => {
    const thread = [
      { role: 'user' as const, content: 'a' },
      { role: 'assistant' as const, content: 'b' },
    ];
    const messages = findPrompt(paths, 'tutorial').build({
      passages: [],
      question: 'c',
      thread,
      modelSystem: 'I am X.',
    });
    expect(messages[0]?.content).toMatch(/^I am X\.You will act as .*### context_str:\n\n\n\n$/s);
    expect(messages.slice(1)).toEqual([...thread, { role: 'user', content: 'c' }]);
  });
});

test('the default prompt numbers the passages, best first, and ends with the question', () => {
  const [system, user] = findPrompt(paths, 'default').build({ passages: [' one\n', 'two'], question: 'Which?' });
  expect(system?.role).toBe('system');
  expect(user).toEqual({ role: 'user', content: 'Passages:\n\n[1] one\n\n[2] two\n\nQuestion: Which?' });
});

describe('a prompt of the user', () => {
  test('from a file has a system part above three dashes', () => {
    mkdirSync(path.join(folder, 'prompts'));
    writeFileSync(
      path.join(folder, 'prompts', 'short.txt'),
      'Be short.\r\n---\r\nRead:\r\n{context}\r\nSay: {question}\r\n',
    );
    writeFileSync(path.join(folder, 'prompts', 'notes.md'), 'no prompt');
    expect(listPrompts(paths)).toEqual(['default', 'tutorial', 'sft', 'plain', 'short']);
    expect(findPrompt(paths, 'short').build({ passages: ['p'], question: 'q' })).toEqual([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Read:\n[1] p\nSay: q' },
    ]);
  });

  test('from the settings counts before a file, never before a built-in one', () => {
    const own = { mine: { system: '', user: '{context}|{question}' }, tutorial: { system: '', user: 'x' } };
    expect(findPrompt(paths, 'mine', own).build({ passages: [], question: 'q' })).toEqual([
      { role: 'user', content: '(none)|q' },
    ]);
    expect(findPrompt(paths, 'tutorial', own).build({ passages: [], question: 'q' })[0]?.role).toBe('system');
    expect(listPrompts(paths, own)).toEqual(['default', 'tutorial', 'sft', 'plain', 'mine']);
  });

  test('fills each slot once: passages and questions that look like slots or patterns stay what they are', () => {
    const template = ownTemplate('t', { system: '{context}', user: '{question}' });
    expect(template.build({ passages: ['{question} $& $1'], question: '{context}' })).toEqual([
      { role: 'system', content: '[1] {question} $& $1' },
      { role: 'user', content: '{context}' },
    ]);
  });

  test('without a slot, or that is not there, is refused with what to do', () => {
    expect(() => ownTemplate('t', { system: '', user: 'hi' })).toThrow(
      expect.objectContaining({ code: 'invalid', message: 'The prompt "t" has no {context} and no {question}.' }),
    );
    expect(() => ownTemplate('t', { system: '{context}{question}', user: ' ' })).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
    for (const name of ['nope', '../secret', 'constructor']) {
      expect(() => findPrompt(paths, name)).toThrow(
        expect.objectContaining({ code: 'not-found', hint: 'There are: default, tutorial, sft, plain.' }),
      );
    }
  });

  test('has its parts where the first line of dashes is', () => {
    expect(parseTemplate('only user {context}')).toEqual({ system: '', user: 'only user {context}' });
    expect(parseTemplate('a\n---\nb\n---\nc')).toEqual({ system: 'a', user: 'b\n---\nc' });
    expect(parseTemplate('a --- b')).toEqual({ system: '', user: 'a --- b' });
  });
});
