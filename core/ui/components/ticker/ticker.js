// Runs the fragment that it stands in again after a while, for as long as it stands there.

export default function ({ data, setTriggerValue }) {
  const timer = setInterval(() => setTriggerValue("tick", Date.now()), data.every);
  return () => clearInterval(timer);
}
