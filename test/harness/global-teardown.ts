export default async function teardown(): Promise<void> {
  await (globalThis as { stopCluster?: () => Promise<void> }).stopCluster?.();
}
