import { guardRoute } from '@chaperone/http';
import { after, type NextRequest } from 'next/server';
import { answer } from '../../../../lib/answer';
import { guard } from '../../../../lib/guard';

export const POST = guardRoute(
  async (request: NextRequest, { params }: RouteContext<'/api/[form]/[model]'>) => {
    const { form, model } = await params;
    // That it is still Next.js's own request shows in what no other has.
    return answer(request, request.nextUrl.searchParams.get('form') ?? form, model);
  },
  guard,
  { waitUntil: after },
);
