common_libjm_a_SOURCES += \
	common/mail/address.c common/mail/address.h \
	common/mail/charset.c common/mail/charset.h \
	common/mail/date.c common/mail/date.h \
	common/mail/date_word.c common/mail/date_word.h \
	common/mail/decode.c common/mail/decode.h \
	common/mail/domain.c common/mail/domain.h \
	common/mail/field.c common/mail/field.h \
	common/mail/iso2022.c common/mail/iso2022.h \
	common/mail/label.c common/mail/label.h \
	common/mail/mime.c common/mail/mime.h \
	common/mail/param.c common/mail/param.h \
	common/mail/token.c common/mail/token.h \
	common/mail/word.c common/mail/word.h \
	common/mail/fold.c common/mail/fold.h \
	common/mail/address_form.c common/mail/address_form.h \
	common/mail/message_id.c common/mail/message_id.h \
	common/mail/part.c common/mail/part.h
