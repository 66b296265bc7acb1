// OpenAI's own client: node openai_client.mjs BASE_URL < {"image": base64, "long": text} > results as JSON
import {readFileSync} from 'node:fs';

import OpenAI from 'openai';

const given = JSON.parse(readFileSync(0, 'utf8'));
const client = new OpenAI({baseURL: process.argv[2] + '/v1', apiKey: 'none', maxRetries: 0});
const model = 'MobileCLIP2-S0';
const embed = async (input, more = {}) =>
    (await client.embeddings.create({model, input, ...more})).data.map((entry) => entry.embedding);

async function refusal(input) {
  try {
    await embed(input);
    return null;
  } catch (error) {
    return {class: error.constructor.name, status: error.status, code: error.code, param: error.param,
            type: error.type, message: error.message};
  }
}

const models = [];
for await (const entry of client.models.list()) models.push(entry.id);
const reply = await client.embeddings.create({model, input: ['a cat', 'a dog']});
console.log(JSON.stringify({
  models,
  retrieved: (await client.models.retrieve(model)).id,
  usage: reply.usage,
  texts: reply.data.map((entry) => entry.embedding),  // the client asks for base64 and decodes it
  floats: await embed(['a cat', 'a dog'], {encoding_format: 'float'}),
  cut: await embed('a cat', {dimensions: 32}),
  mixed: await embed(['a cat', {image: given.image}]),
  refused: await refusal(['a cat', given.long]),
}));
