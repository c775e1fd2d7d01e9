import { describe, expect, it } from 'vitest';
import { chooseTemplate } from '../../../src/training/template-choice.ts';

// Chat templates of several families, written by hand from how their models are asked.
const CHATML =
  "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const withOwn = (own: string) =>
  `{% if messages[0]['role'] != 'system' %}<|im_start|>system\n${own}<|im_end|>\n{% endif %}${CHATML}`;
const LLAMA3 =
  "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";
const GEMMA =
  "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}";
const PHI4 =
  "{% for m in messages %}<|im_start|>{{ m['role'] }}<|im_sep|>{{ m['content'] }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant<|im_sep|>{% endif %}";
const GLM4 =
  "[gMASK]<sop>{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
/** The last answer gets an empty thought when it has none of its own, as in Qwen3. */
const QWEN3 =
  "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

const SYSTEM = 'You are a helpful assistant.';
const choose = (source: string, asked?: string, special: { bos?: string; eos?: string } = {}) =>
  chooseTemplate({ source, special: { all: [], bos: '', eos: '', ...special }, from: 'the model' }, SYSTEM, asked);

describe('the template', () => {
  it.each([
    ['smollm2', withOwn('You are a helpful AI assistant named SmolLM, trained by Hugging Face.'), {}],
    ['qwen', withOwn('You are Qwen, created by Alibaba Cloud. You are a helpful assistant.'), {}],
    ['qwen3', QWEN3, {}],
    ['qwen3_nothink', CHATML, {}],
    ['intern2', `{{ bos_token }}${CHATML}`, { bos: '<s>' }],
    ['phi4', PHI4, {}],
    ['glm4', GLM4, { eos: '<|endoftext|>' }],
  ])('%s is the one that writes as the model does', (name, source, special) => {
    expect(choose(source, undefined, special)).toEqual({ name, how: 'compared', trims: false });
  });

  it.each([
    ['llama3', LLAMA3, { bos: '<|begin_of_text|>' }],
    // Its own template knows no system role: both put that text before the first question.
    ['gemma3', GEMMA, { bos: '<bos>' }],
  ])('%s is found where the model takes blanks off its texts, which is told', (name, source, special) => {
    expect(choose(source, undefined, special)).toEqual({ name, how: 'compared', trims: true });
  });

  it('can be named, if it writes the same', () => {
    expect(choose(CHATML, 'chatml')).toMatchObject({ name: 'chatml', how: 'compared' });
    expect(() => choose(CHATML, 'llama3')).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining('another chat format') }),
    );
  });

  it('can be one whose texts are not known here: it is checked when it trains', () => {
    expect(choose(CHATML, 'telechat2')).toMatchObject({ name: 'telechat2', how: 'unseen' });
  });

  it('must be one that LLaMA-Factory has: the nearest name is told', () => {
    expect(() => choose(CHATML, 'internlm2')).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'Did you mean intern2?' }),
    );
  });

  it('is refused for a model that none writes like, with what comes nearest and what is known', () => {
    const odd = CHATML.replace('assistant\n{% endif %}', 'helper\n{% endif %}');
    expect(() => choose(odd)).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringMatching(/comes nearest: trained ".*assistant.*", served ".*helper/),
        hint: expect.stringMatching(/Known: smollm2, qwen, .*llama3.*--template/),
      }),
    );
  });
});
