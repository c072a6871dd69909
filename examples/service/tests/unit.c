/* Unit tests of links and their store; the HTTP side is tested from outside (test_service.py). */
#include "link.h"
#include "store.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(codes_are_short_and_unambiguous)
{
	char code[LINK_CODE_SIZE];

	link_encode(0, code);
	ck_assert_str_eq(code, "1");
	link_encode(57, code);
	ck_assert_str_eq(code, "z");
	link_encode(58, code);
	ck_assert_str_eq(code, "21");
	link_encode(UINT64_MAX, code);
	ck_assert_uint_eq(strlen(code), 11);
}
END_TEST

START_TEST(a_code_leads_back_to_its_number)
{
	char code[LINK_CODE_SIZE];
	uint64_t number;

	for (uint64_t n = 0; n < UINT64_MAX / 59; n = n * 7 + 1) {
		link_encode(n, code);
		ck_assert(link_decode(code, &number));
		ck_assert_uint_eq(number, n);
	}
}
END_TEST

START_TEST(what_is_no_code_is_refused)
{
	static const char *const wrong[] = { "", "0", "O", "I", "l", "abc-", "zzzzzzzzzzzz", "1 2" };
	uint64_t number;

	ck_assert_msg(!link_decode(wrong[_i], &number), "\"%s\" was taken", wrong[_i]);
}
END_TEST

START_TEST(addresses_that_are_taken)
{
	static const char *const right[] = { "http://example.org", "https://example.org/a?b=c#d", "http://[::1]:8080/" };

	ck_assert_msg(link_url_is_valid(right[_i]), "\"%s\" was refused", right[_i]);
}
END_TEST

START_TEST(addresses_that_are_refused)
{
	static const char *const wrong[] = { "",	"example.org",	 "ftp://example.org", "javascript:alert(1)",
					     "http://", "https:///path", "http://a b",	      "http://a\r\nSet-Cookie: x" };

	ck_assert_msg(!link_url_is_valid(wrong[_i]), "\"%s\" was taken", wrong[_i]);
}
END_TEST

START_TEST(an_address_may_be_long_but_not_endless)
{
	char url[LINK_URL_MAX + 2] = "http://h/";

	memset(url + 9, 'x', LINK_URL_MAX - 9);
	ck_assert(link_url_is_valid(url));
	url[LINK_URL_MAX] = 'x';
	ck_assert(!link_url_is_valid(url));
}
END_TEST

START_TEST(a_link_is_kept_once)
{
	struct store *s = store_open(":memory:");
	uint64_t first = store_add(s, "http://example.org/a"), second = store_add(s, "http://example.org/b");

	ck_assert_uint_ne(first, 0);
	ck_assert_uint_ne(first, second);
	ck_assert_uint_eq(store_add(s, "http://example.org/a"), first);
	ck_assert_int_eq(store_count(s), 2);
	store_close(s);
}
END_TEST

START_TEST(following_counts)
{
	struct store *s = store_open(":memory:");
	uint64_t number = store_add(s, "http://example.org/");

	for (int i = 0; i < 3; i++) {
		char *url = store_follow(s, number);
		ck_assert_str_eq(url, "http://example.org/");
		free(url);
	}
	ck_assert_int_eq(store_hits(s, number), 3);
	ck_assert_int_eq(store_hits(s, number + 1), -1);
	ck_assert_ptr_null(store_follow(s, number + 1));
	store_close(s);
}
END_TEST

START_TEST(a_database_that_cannot_be_opened)
{
	ck_assert_ptr_null(store_open("/nowhere/links.db"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("links");
	TCase *codes = tcase_create("codes"), *addresses = tcase_create("addresses"), *store = tcase_create("store");
	SRunner *runner;
	int failed;

	tcase_add_test(codes, codes_are_short_and_unambiguous);
	tcase_add_test(codes, a_code_leads_back_to_its_number);
	tcase_add_loop_test(codes, what_is_no_code_is_refused, 0, 8);
	tcase_add_loop_test(addresses, addresses_that_are_taken, 0, 3);
	tcase_add_loop_test(addresses, addresses_that_are_refused, 0, 8);
	tcase_add_test(addresses, an_address_may_be_long_but_not_endless);
	tcase_add_test(store, a_link_is_kept_once);
	tcase_add_test(store, following_counts);
	tcase_add_test(store, a_database_that_cannot_be_opened);
	suite_add_tcase(suite, codes);
	suite_add_tcase(suite, addresses);
	suite_add_tcase(suite, store);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV); /* CK_XML_LOG_FILE_NAME asks for a report */
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
