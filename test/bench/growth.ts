export async function growth(_: object): Promise<void> {}
