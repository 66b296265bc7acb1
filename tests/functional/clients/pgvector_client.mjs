// The recipe of docs/clients.md: captions into PostgreSQL with pgvector (as PGlite), then the nearest to an image.
//   node pgvector_client.mjs BASE_URL < {"texts": [...], "image": base64} > {"nearest": [{caption, similarity}]}
import {readFileSync} from 'node:fs';

import {PGlite} from '@electric-sql/pglite';
import {vector} from '@electric-sql/pglite-pgvector';

const given = JSON.parse(readFileSync(0, 'utf8'));

async function embed(path, body) {
  const reply = await fetch(process.argv[2] + path,
                            {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return await reply.json();
}

const {dimensions, embeddings} = await embed('/embed/text', {texts: given.texts});
const db = new PGlite({extensions: {vector}});
await db.exec(`
  CREATE EXTENSION vector;
  CREATE TABLE captions (caption text, embedding vector(${dimensions}));
  CREATE INDEX ON captions USING hnsw (embedding vector_ip_ops);`);
for (const [i, caption] of given.texts.entries()) {
  await db.query('INSERT INTO captions VALUES ($1, $2)', [caption, JSON.stringify(embeddings[i])]);
}

const image = (await embed('/embed/image', {images: [given.image]})).embeddings[0];
const nearest = await db.query(
    `SELECT caption, -(embedding <#> $1) AS similarity FROM captions ORDER BY embedding <#> $1 LIMIT 3`,
    [JSON.stringify(image)]);
console.log(JSON.stringify({nearest: nearest.rows}));
await db.close();
