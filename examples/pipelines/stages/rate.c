#include "rate.h"

long interest(long cents, double per_cent, int years)
{
	double sum = (double)cents;

	for (int i = 0; i < years; i++)
		sum += sum * per_cent / 100;
	return (long)(sum + 0.5) - cents;
}
