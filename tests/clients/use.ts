// What a newsroom developer does with the generated TypeScript client: the quotes of a speaker, and one claim.
import { createClient } from './client/client/index.js';
import { getClaim, listQuotes } from './client/index.js';

const [baseUrl, speaker, id] = process.argv.slice(2) as [string, string, string];
const client = createClient({ baseUrl });
const page = await listQuotes({ client, query: { speaker: [speaker] }, throwOnError: true });
const claim = await getClaim({ client, path: { id }, throwOnError: true });
console.log(JSON.stringify({ quotes: page.data.results.map((quote) => quote.id), claim: claim.data.as_written }));
