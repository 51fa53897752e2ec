// Node's fetch: prints the data of each event on a line as it comes. Exits with 0 if the stream ended in order.
const [url, token] = process.argv.slice(2);
const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}`, Accept: "text/event-stream" } });
let rest = "";
for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
  const blocks = (rest + text).split("\n\n");
  rest = blocks.pop();
  for (const block of blocks)
    for (const line of block.split("\n")) if (line.startsWith("data: ")) console.log(line.slice(6));
}
