// An EventSource in Node: prints the data of each event on a line as it comes. Exits with 1 if it gives up.
// Usage: node node_event_source.cjs URL [PACKAGE]; without a package it is the one of Node itself.
const [url, name] = process.argv.slice(2);
const Source = name ? require(name) : EventSource;
const source = new Source(url);
source.onmessage = (event) => console.log(event.data);
// Node's own does not keep the process alive while it waits to come back.
const life = setInterval(() => {}, 60_000);
source.onerror = () => {
  if (source.readyState !== 2) return;
  clearInterval(life);
  process.exitCode = 1;
};
