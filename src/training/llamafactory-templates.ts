/** How LLaMA-Factory writes a conversation under one of its names: texts around `{{content}}`, `{{bos}}` and `{{eos}}`. */
export interface EngineTemplate {
  readonly name: string;
  /** Before the first turn. */
  readonly prefix: string;
  readonly system: string;
  /** A question, up to where the answer begins. */
  readonly user: string;
  readonly assistant: string;
  /** The system text it puts in where a row has none; null: it has one that is not written down here. */
  readonly ownSystem?: string | null;
  /** The system text is written inside the first question. */
  readonly systemInUser?: true;
  /** What an answer without thoughts begins with all the same, as part of what is learnt. */
  readonly thought?: readonly [string, string];
  /** The end-of-text token closes the last answer, which the model's own template may leave out. */
  readonly endsWithEos?: true;
}

type More = Omit<EngineTemplate, 'name' | 'prefix' | 'system' | 'user' | 'assistant'> & { readonly prefix?: string };

const THOUGHT = ['<think>\n', '\n</think>\n\n'] as const;

const chatMl = (name: string, more: More = {}): EngineTemplate => ({
  name,
  prefix: '',
  system: '<|im_start|>system\n{{content}}<|im_end|>\n',
  user: '<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n',
  assistant: '{{content}}<|im_end|>\n',
  ...more,
});

const gemma = (name: string, more: More = {}): EngineTemplate => ({
  name,
  prefix: '{{bos}}',
  system: '{{content}}\n\n',
  user: '<start_of_turn>user\n{{content}}<end_of_turn>\n<start_of_turn>model\n',
  assistant: '{{content}}<end_of_turn>\n',
  systemInUser: true,
  ...more,
});

const glm = (name: string, more: More = {}): EngineTemplate => ({
  name,
  prefix: '[gMASK]<sop>',
  system: '<|system|>\n{{content}}',
  user: '<|user|>\n{{content}}<|assistant|>',
  assistant: '\n{{content}}',
  endsWithEos: true,
  ...more,
});

const deepseek = (name: string, more: More = {}): EngineTemplate => ({
  name,
  prefix: '{{bos}}',
  system: '{{content}}',
  user: '<｜User｜>{{content}}<｜Assistant｜>',
  assistant: '{{content}}{{eos}}',
  ...more,
});

const granite = (name: string, more: More = {}): EngineTemplate => ({
  name,
  prefix: '',
  system: '<|start_of_role|>system<|end_of_role|>{{content}}<|end_of_text|>\n',
  user: '<|start_of_role|>user<|end_of_role|>{{content}}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>',
  assistant: '{{content}}<|end_of_text|>\n',
  ...more,
});

/**
 * The templates that are chosen by comparison, the more particular ones first. Printed by
 * `workers/python/list_templates.py` in the engine's environment (0.9.5).
 */
export const ENGINE_TEMPLATES: readonly EngineTemplate[] = [
  chatMl('smollm2', { ownSystem: 'You are a helpful AI assistant named SmolLM, trained by Hugging Face.' }),
  chatMl('qwen', { ownSystem: 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }),
  chatMl('lfm2', { ownSystem: 'You are a helpful AI assistant.' }),
  chatMl('qwen3', { thought: THOUGHT }),
  chatMl('qwen3_nothink'),
  chatMl('intern2', { prefix: '{{bos}}', ownSystem: null }),
  chatMl('cpm4', { prefix: '{{bos}}' }),
  chatMl('mimo', { ownSystem: 'You are a helpful assistant.', thought: THOUGHT }),
  {
    name: 'llama3',
    prefix: '{{bos}}',
    system: '<|start_header_id|>system<|end_header_id|>\n\n{{content}}<|eot_id|>',
    user: '<|start_header_id|>user<|end_header_id|>\n\n{{content}}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    assistant: '{{content}}<|eot_id|>',
  },
  gemma('gemma3'),
  gemma('gemma'),
  gemma('gemma2', { endsWithEos: true }),
  {
    name: 'phi4',
    prefix: '',
    system: '<|im_start|>system<|im_sep|>{{content}}<|im_end|>',
    user: '<|im_start|>user<|im_sep|>{{content}}<|im_end|><|im_start|>assistant<|im_sep|>',
    assistant: '{{content}}<|im_end|>',
  },
  {
    name: 'phi4_mini',
    prefix: '',
    system: '<|system|>{{content}}<|end|>',
    user: '<|user|>{{content}}<|end|><|assistant|>',
    assistant: '{{content}}<|end|>',
  },
  {
    name: 'phi',
    prefix: '',
    system: '<|system|>\n{{content}}<|end|>\n',
    user: '<|user|>\n{{content}}<|end|>\n<|assistant|>\n',
    assistant: '{{content}}<|end|>\n',
  },
  glm('glm4'),
  glm('glm4_moe', { thought: THOUGHT }),
  {
    name: 'mistral',
    prefix: '{{bos}}',
    system: '{{content}}\n\n',
    user: '[INST] {{content}}[/INST]',
    assistant: ' {{content}}{{eos}}',
    systemInUser: true,
  },
  {
    name: 'ministral',
    prefix: '{{bos}}',
    system: '{{content}}\n\n',
    user: '[INST]{{content}}[/INST]',
    assistant: '{{content}}{{eos}}',
    systemInUser: true,
  },
  deepseek('deepseek3'),
  deepseek('deepseekr1', { thought: THOUGHT }),
  granite('granite4', { ownSystem: 'You are Granite, developed by IBM. You are a helpful AI assistant.' }),
  granite('granite3'),
  {
    name: 'exaone',
    prefix: '',
    system: '[|system|]{{content}}[|endofturn|]\n',
    user: '[|user|]{{content}}\n[|assistant|]',
    assistant: '{{content}}{{eos}}\n',
  },
  {
    name: 'hunyuan',
    prefix: '<|startoftext|>',
    system: '{{content}}<|extra_4|>',
    user: '{{content}}<|extra_0|>',
    assistant: '{{content}}<|eos|>',
  },
  {
    name: 'moonlight',
    prefix: '',
    system: '<|im_system|>system<|im_middle|>{{content}}<|im_end|>',
    user: '<|im_user|>user<|im_middle|>{{content}}<|im_end|><|im_assistant|>assistant<|im_middle|>',
    assistant: '{{content}}<|im_end|>',
    ownSystem: 'You are a helpful assistant provided by Moonshot-AI.',
  },
  {
    name: 'zephyr',
    prefix: '',
    system: '<|system|>\n{{content}}{{eos}}',
    user: '<|user|>\n{{content}}{{eos}}<|assistant|>\n',
    assistant: '{{content}}{{eos}}',
    ownSystem: 'You are Zephyr, a helpful assistant.',
  },
  {
    name: 'vicuna',
    prefix: '',
    system: '{{content}}',
    user: 'USER: {{content}} ASSISTANT:',
    assistant: '{{content}}{{eos}}',
    ownSystem: null,
  },
  chatMl('chatml'),
  {
    name: 'default',
    prefix: '',
    system: 'System: {{content}}{{eos}}\n',
    user: 'Human: {{content}}{{eos}}\nAssistant:',
    assistant: '{{content}}{{eos}}\n',
  },
];

/** Every name that LLaMA-Factory takes; what the others write is only seen when it trains. */
export const ENGINE_TEMPLATE_NAMES: readonly string[] = `
  aeva alpaca bailing bailing_v2 breeze chatglm3 chatml chatml_de cohere cpm4 dbrx deepseek deepseek3 deepseekcoder
  deepseekr1 default dots_ocr empty ernie ernie_nothink ernie_vl exaone falcon falcon_h1 fewshot gemma gemma2 gemma3
  gemma3n gemma4 gemma4n glm4 glm4_5v glm4_7 glm4_moe glm4v glm_ocr glmz1 gpt_oss granite3 granite3_vision granite4
  hunyuan hunyuan_small hy3 index intern2 intern_s1 intern_vl keye_vl kimi_vl lfm2 lfm2_vl llama2 llama2_zh llama3
  llama4 llava llava_next llava_next_llama3 llava_next_mistral llava_next_qwen llava_next_video
  llava_next_video_mistral llava_next_video_yi llava_next_yi mimo mimo_v2 mimo_vl minicpm_o minicpm_v minicpm_v_4_6
  minimax1 minimax2 ministral ministral3 mistral mistral_small mllama moonlight olmo openchat openchat-3.6 opencoder
  paligemma paligemma_chat phi phi4 phi4_mini phi_small pixtral qwen qwen2_audio qwen2_omni qwen2_vl qwen3 qwen3_5
  qwen3_5_nothink qwen3_6 qwen3_nothink qwen3_omni qwen3_omni_nothink qwen3_vl qwen3_vl_nothink sailor seed_coder
  seed_oss smollm smollm2 solar starchat telechat2 vicuna video_llava xuanyuan yi yi_vl youtu youtu_vl yuan zephyr
`
  .trim()
  .split(/\s+/);
