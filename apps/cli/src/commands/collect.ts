export interface Page<T> {
  readonly data: readonly T[];
  readonly next_page_token: string | null;
}

interface PageQuery {
  readonly limit: number;
  readonly page_token: string | undefined;
}

export const DEFAULT_LIMIT = 1000;
const LARGEST_PAGE = 200;

/**
 * Up to `limit` entries, through as many pages as it takes, in the shape of one page: `next_page_token` is null exactly
 * when nothing was left out.
 */
export async function collect<T>(
  limit: number,
  page: (query: PageQuery) => Promise<{ readonly body: Page<T> }>,
): Promise<Page<T>> {
  const data: T[] = [];
  let token: string | undefined;
  do {
    const { body } = await page({ limit: Math.min(LARGEST_PAGE, limit - data.length), page_token: token });
    data.push(...body.data);
    token = body.next_page_token ?? undefined;
  } while (token !== undefined && data.length < limit);
  return { data, next_page_token: token ?? null };
}
